import EventHorizon
import EventHorizonMemory
import EventHorizonTesting
import Synchronization
import Testing

/// Each quirk alone: what it does, and what holds all the same.
@Suite(.timeLimit(.minutes(1))) struct QuirkTests {
    private let clock = ManualClock()

    private func broker(_ change: (inout MemoryFaults) -> Void) -> MemoryBroker {
        var faults = MemoryFaults(seed: 1)
        change(&faults)
        return MemoryBroker(partitionCount: 1, surroundings: Surroundings(clock: clock), faults: faults)
    }

    private func texts(_ broker: MemoryBroker) -> [String] {
        broker.records(of: .commands).compactMap(\.command).map { String(decoding: $0.payload.bytes, as: UTF8.self) }
    }

    private func commit(_ text: String, _ number: Int, _ member: any GroupMember, on broker: MemoryBroker) -> Commit {
        let command = SmallHandler.command(text, to: "a", on: broker)
        let place = Place(log: .commands, incarnation: member.incarnation, partition: 0, position: Position(UInt64(number)))
        let event = command.following(
            id: broker.surroundings.makeID(), kind: .event, stream: command.stream, payload: command.payload, at: broker.surroundings.clock.time)
        let decided = DecidedCommand(
            id: command.id, place: place, outcome: .accepted(versions: number..<number + 1), correlation: command.id, sender: nil)
        return Commit(
            stream: command.stream, number: number, firstVersion: number, events: [event], decided: [decided], recent: [], inputs: [place], step: nil)
    }

    /// A member that holds the only partition.
    private func holding(_ broker: MemoryBroker, _ body: (any GroupMember, MemberProbe) async throws -> Void) async throws {
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = MemberProbe(member, clock: clock)
            await probe.step(within: .zero)
            #expect(probe.held == [0])
            try await body(member, probe)
        }
    }

    @Test func an_append_whose_answer_is_lost_is_there_once_when_it_is_answered() async throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            let broker = broker {
                $0 = MemoryFaults(seed: seed)
                $0.unansweredAppend = 1
            }
            try await holding(broker) { member, probe in
                var outcome = Outcome()
                let token = probe.token()
                outcome.appends = [.init(token: token, partition: 0, commit: commit("x", 1, member, on: broker), previous: .start)]
                probe.submit(outcome)
                await probe.step(within: .zero)
                #expect(probe.answers[token] == nil)
                clock.advance(by: .seconds(1))
                await probe.step(within: .zero)
                let isThere = probe.answers[token].map { $0 == .stored(Position(1)) || $0 == .duplicate(Position(1)) } ?? false
                #expect(isThere, "seed \(seed)")
                #expect(broker.count(of: .events) == 1)
            }
        }
    }

    @Test func an_append_under_way_arrives_though_its_member_has_left_and_meets_the_condition_then() async throws {
        // Of the three things that become of an unanswered append, seeds below bring one that arrives after its member has left.
        var arrivals = 0
        for seed in 1...12 as ClosedRange<UInt64> {
            let broker = broker {
                $0 = MemoryFaults(seed: seed)
                $0.unansweredAppend = 1
            }
            try await holding(broker) { member, probe in
                var outcome = Outcome()
                outcome.appends = [.init(token: probe.token(), partition: 0, commit: commit("x", 1, member, on: broker), previous: .start)]
                probe.submit(outcome)
            }
            let before = broker.count(of: .events)
            clock.advance(by: .seconds(1))
            try await holding(broker) { _, _ in }
            #expect(broker.unsettled.allSatisfy { !$0.contains("under way") })
            if before == 0, broker.count(of: .events) == 1 { arrivals += 1 }
        }
        #expect(arrivals > 0)
    }

    @Test func messages_of_a_stream_keep_their_order_whichever_answers_are_lost() async throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let clock = ManualClock()
            var faults = MemoryFaults(seed: seed)
            faults.unansweredMessage = 0.5
            let broker = MemoryBroker(partitionCount: 1, surroundings: Surroundings(clock: clock), faults: faults)
            let results = try await withThrowingTaskGroup(of: [PublishResult].self) { group in
                group.addTask { try await broker.publish((0..<6).map { SmallHandler.command("\($0)", to: "a", on: broker) }) }
                group.addTask {
                    while !Task.isCancelled {
                        if clock.nextDue != nil { clock.advance(by: .milliseconds(1)) }
                        await Task.yield()
                    }
                    return []
                }
                let results = try await group.next() ?? []
                group.cancelAll()
                return results
            }
            #expect(results.count == 6)
            var first: [String] = []
            for text in texts(broker) where !first.contains(text) { first.append(text) }
            #expect(first == (0..<6).map { "\($0)" }, "seed \(seed)")
        }
    }

    @Test func a_repeat_comes_after_its_delay() async throws {
        let broker = broker {
            $0.repeatedMessage = 1
            $0.repeatDelay = .seconds(300) ... .seconds(300)
        }
        _ = try await broker.publish([SmallHandler.command("x", to: "a", on: broker)])
        #expect(texts(broker) == ["x"])
        clock.advance(by: .seconds(301))
        _ = try await broker.publish([SmallHandler.command("y", to: "a", on: broker)])
        #expect(texts(broker) == ["x", "x", "y"])
    }

    @Test func a_stale_read_lacks_the_last_commits_and_is_not_the_third_in_a_row() async throws {
        let broker = broker { $0.staleRead = 1 }
        try await holding(broker) { member, probe in
            let first = commit("x", 1, member, on: broker)
            guard case .stored = try await probe.append(first, after: .start) else { return #expect(Bool(false)) }
            for count in [0, 0, 1, 0] { #expect(try await probe.load(first.stream).count == count) }
        }
    }

    @Test func of_a_torn_outcome_a_part_is_stored_and_its_partition_lost() async throws {
        let broker = broker { $0.tornOutcome = 1 }
        try await holding(broker) { member, probe in
            var outcome = Outcome()
            outcome.appends = [.init(token: probe.token(), partition: 0, commit: commit("x", 1, member, on: broker), previous: .start)]
            outcome.progress = [(0, Position(1))]
            probe.submit(outcome)
            await probe.step(within: .zero)
            #expect(probe.lost == [0])
            #expect(broker.progress(of: "handler") == [.start], "progress is the last part")
            #expect(broker.faultCounts.contains { $0.name == "tornOutcome" && $0.count == 1 })
        }
    }

    @Test func lost_deliveries_are_read_again_in_order() async throws {
        let broker = broker { $0.lostDelivery = 0.5 }
        _ = try await broker.publish((0..<3).map { SmallHandler.command("\($0)", to: "a", on: broker) })
        try await holding(broker) { _, probe in
            for _ in 0..<100 where probe.commands.count < 3 {
                clock.advance(by: .milliseconds(60))
                await probe.step(within: .zero)
            }
            #expect(probe.commands.map { String(decoding: $0.payload.bytes, as: UTF8.self) } == ["0", "1", "2"])
        }
    }

    @Test func a_member_that_falls_silent_while_it_drains_loses_its_partitions() async throws {
        let broker = broker { $0.lease = .seconds(10) }
        let isOver = Signal()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let isDraining = Signal()
            tasks.addTask {
                try await broker.withMember(of: SmallHandler.group) { member in
                    var turn = Turn()
                    while !turn.isDraining {
                        turn.removeAll()
                        await member.next(&turn, until: nil)
                    }
                    isDraining.set()
                    // Drains, and says nothing more.
                    while !isOver.isSet { await Task.yield() }
                }
            }
            while broker.owners(of: "handler")?[0] == nil { await Task.yield() }
            tasks.cancelAll()
            while !isDraining.isSet { await Task.yield() }
            clock.advance(by: .seconds(11))
            try await holding(broker) { _, _ in isOver.set() }
        }
    }
}

/// Something that has happened or not.
private final class Signal: Sendable {
    private let value = Atomic(false)
    func set() { value.store(true, ordering: .releasing) }
    var isSet: Bool { value.load(ordering: .acquiring) }
}

import EventHorizon
import EventHorizonMemory
import EventHorizonTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct MemoryBrokerTests {
    private func broker(_ faults: MemoryFaults? = nil, partitionCount: Int = 4, clock: any WorkerClock = ReadingClock()) -> MemoryBroker {
        MemoryBroker(partitionCount: partitionCount, surroundings: Surroundings(clock: clock), faults: faults)
    }

    private func probe(_ member: any GroupMember, _ broker: MemoryBroker) -> MemberProbe { MemberProbe(member, clock: broker.surroundings.clock) }

    private func commit(_ aggregate: String, _ member: any GroupMember, on broker: MemoryBroker) -> Commit {
        let command = SmallHandler.command("x", to: aggregate, on: broker)
        let place = Place(log: .commands, incarnation: member.incarnation, partition: 0, position: Position(1))
        return Commit(
            stream: command.stream, number: 1, firstVersion: 1,
            decided: [DecidedCommand(id: command.id, place: place, outcome: .accepted(versions: 1..<1), correlation: command.correlation)],
            inputs: [place])
    }

    @Test func positions_are_one_sequence_across_partitions() async throws {
        let broker = broker()
        let sent = (0..<20).map { SmallHandler.command("\($0)", to: "a-\($0)", on: broker) }
        #expect(try await broker.publish(sent) == (1...20).map { .stored(Position($0)) })
        let records = broker.records(of: .commands)
        #expect(records.map(\.position.rawValue) == Array(1...20))
        #expect(records.compactMap(\.command) == sent)
        #expect(Set(records.map(\.partition)).count > 1)
        #expect(records.allSatisfy { $0.partition == Partitioner.partition(of: $0.command?.stream.aggregate ?? "", count: 4) })
    }

    @Test func what_cannot_be_decoded_is_delivered_as_it_is() async throws {
        let broker = broker()
        let stream = StreamID(SmallHandler.category, "odd")
        broker.store(foreign: [0xFF, 0xFF, 0xFF], in: .commands, stream: stream, type: "test.v1.Write")
        let command = SmallHandler.command("other", to: "somebody", on: broker)
        _ = try await broker.publish([command])
        #expect(broker.records(of: .commands).map(\.command) == [nil, command])
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "both are delivered") { probe.deliveries.count == 2 }
            let odd = probe.deliveries.first { $0.position == Position(1) }
            guard case .undecodable(let bytes, let stream, let type, let reason) = odd?.content else {
                Issue.record("delivered as \(String(describing: odd))")
                return
            }
            #expect(bytes == [0xFF, 0xFF, 0xFF] && stream == nil && type == "test.v1.Write" && !reason.isEmpty)
        }
        let reader = GroupDeclaration(name: "reader", log: .events, categories: [SmallHandler.category])
        broker.store(foreign: [0xFF], in: .events, stream: stream)
        try await broker.withMember(of: reader) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "it is delivered") { !probe.deliveries.isEmpty }
            await #expect(throws: BrokerError.self) { _ = try await probe.load(stream) }
        }
    }

    @Test func what_is_delivered_and_not_finished_is_bounded() async throws {
        let broker = broker(partitionCount: 1)
        let total = 5_000
        _ = try await broker.publish((0..<total).map { SmallHandler.command("\($0)", to: "a", on: broker) })
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = probe(member, broker)
            probe.settlesAtOnce = false
            try await probe.wait(for: "the first are delivered") { !probe.deliveries.isEmpty }
            await probe.step(within: .milliseconds(1))
            let inHand = probe.deliveries.count
            #expect(inHand < total)
            await probe.step(within: .milliseconds(1))
            #expect(probe.deliveries.count == inHand, "nothing more comes until something is finished")
            for delivery in probe.deliveries.prefix(10) { probe.settle(delivery) }
            probe.submit()
            try await probe.wait(for: "as many more are delivered") { probe.deliveries.count == inHand + 10 }
            var settled = 10
            try await probe.wait(for: "all are delivered") {
                for delivery in probe.deliveries[settled...] { probe.settle(delivery) }
                settled = probe.deliveries.count
                return settled == total
            }
            #expect(probe.commands.map { String(decoding: $0.payload.bytes, as: UTF8.self) } == (0..<total).map { "\($0)" })
        }
    }

    @Test func a_member_past_its_lease_loses_its_partitions_to_another() async throws {
        let clock = ManualClock()
        var faults = MemoryFaults(seed: 1)
        faults.lease = .seconds(10)
        let broker = broker(faults, clock: clock)
        try await broker.withMember(of: SmallHandler.group) { first in
            let one = probe(first, broker)
            await one.step(within: .zero)
            #expect(one.held.count == 4)
            clock.advance(by: .seconds(60))
            await one.step(within: .zero)
            #expect(one.lost.isEmpty, "a sole member keeps what nobody else can have")
            try await broker.withMember(of: SmallHandler.group) { second in
                let two = probe(second, broker)
                await two.step(within: .zero)
                #expect(two.held.isEmpty, "the first one has not released yet")
                clock.advance(by: .seconds(9))
                await two.step(within: .zero)
                #expect(two.held.isEmpty)
                clock.advance(by: .seconds(2))
                await two.step(within: .zero)
                #expect(two.held == [0, 1, 2, 3])
                #expect(two.claims.allSatisfy { $0.isUnclean })

                var late = Outcome()
                let token = one.token()
                late.appends = [Outcome.Append(token: token, partition: 0, commit: commit("late", first, on: broker), previous: .start)]
                one.submit(late)
                #expect(broker.count(of: .events) == 0, "a zombie stores nothing")
                await one.step(within: .zero)
                #expect(one.lost == [0, 1, 2, 3] && one.held.isEmpty && one.answers[token] == nil)
                await two.step(within: .zero)
                await one.step(within: .zero)
                #expect(one.held.count == 2 && two.held.count == 2, "it is a member again")
            }
        }
    }

    @Test func a_late_answer_comes_after_its_delay() async throws {
        let clock = ManualClock()
        var faults = MemoryFaults(seed: 1)
        faults.lateAnswer = 1
        faults.delay = .milliseconds(10) ... .milliseconds(10)
        let broker = broker(faults, clock: clock)
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = probe(member, broker)
            await probe.step(within: .zero)
            var outcome = Outcome()
            let token = probe.token()
            let commit = commit("a", member, on: broker)
            outcome.appends = [Outcome.Append(token: token, partition: probe.partition(of: commit.stream), commit: commit, previous: .start)]
            probe.submit(outcome)
            #expect(broker.records(of: .events).compactMap(\.commit) == [commit], "stored at once")
            clock.advance(by: .milliseconds(9))
            await probe.step(within: .zero)
            #expect(probe.answers[token] == nil)
            clock.advance(by: .milliseconds(1))
            await probe.step(within: .zero)
            #expect(probe.answers[token] == .stored(Position(1)))
        }
    }

    @Test func an_append_is_answered_as_a_duplicate_by_a_fault() async throws {
        var faults = MemoryFaults(seed: 1)
        faults.duplicateAnswer = 1
        let broker = broker(faults)
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            #expect(try await probe.append(commit("a", member, on: broker), after: .start) == .duplicate(Position(1)))
            #expect(broker.count(of: .events) == 1)
        }
    }

    @Test func a_message_is_stored_twice_by_a_fault() async throws {
        var faults = MemoryFaults(seed: 1)
        faults.doubledMessage = 1
        let broker = broker(faults)
        let command = SmallHandler.command("twice", to: "a", on: broker)
        #expect(try await broker.publish([command]) == [.stored(Position(1))])
        #expect(broker.records(of: .commands).map(\.command) == [command, command])
    }

    @Test func a_partition_is_lost_by_a_fault_and_claimed_uncleanly() async throws {
        var faults = MemoryFaults(seed: 1)
        faults.lostPartition = 1
        let broker = broker(faults)
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "a partition is lost and claimed again") {
                probe.lost.first.map { lost in probe.claims.contains { $0.partition == lost && $0.isUnclean } } == true
            }
        }
    }

    @Test func a_reader_restarts_at_the_recorded_progress_by_a_fault() async throws {
        var faults = MemoryFaults(seed: 1)
        faults.readerRestart = 0.2
        let broker = broker(faults, partitionCount: 1)
        _ = try await broker.publish((0..<5).map { SmallHandler.command("\($0)", to: "a", on: broker) })
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = probe(member, broker)
            probe.settlesAtOnce = false
            try await probe.wait(for: "everything is delivered") { probe.deliveries.count >= 5 }
            probe.settle(probe.deliveries[1])
            probe.submit()
            let before = probe.deliveries.count
            try await probe.wait(for: "the rest is delivered again") { probe.deliveries.count > before }
            #expect(probe.notices.contains { if case .readerRestarted(partition: 0, _) = $0 { true } else { false } })
            #expect(probe.deliveries[before].position == Position(3))
        }
    }

    @Test func lagging_progress_is_recorded_with_the_release() async throws {
        var faults = MemoryFaults(seed: 1)
        faults.lateProgress = 1
        let broker = broker(faults, partitionCount: 1)
        _ = try await broker.publish((0..<3).map { SmallHandler.command("\($0)", to: "a", on: broker) })
        try await broker.withMember(of: SmallHandler.group) { member in
            let probe = probe(member, broker)
            probe.settlesAtOnce = false
            try await probe.wait(for: "everything is delivered") { probe.deliveries.count == 3 }
            for (delivery, recorded) in zip(probe.deliveries, [0, 1, 2] as [UInt64]) {
                probe.settle(delivery)
                probe.submit()
                #expect(broker.progress(of: "handler") == [Position(recorded)])
            }
        }
        #expect(broker.progress(of: "handler") == [Position(3)])
        #expect(broker.owners(of: "handler") == [nil])
    }

    @Test func faults_are_the_seeds() async throws {
        func answers(seed: UInt64) async throws -> [Int] {
            var faults = MemoryFaults(seed: seed)
            faults.doubledMessage = 0.5
            let broker = broker(faults)
            _ = try await broker.publish((0..<50).map { SmallHandler.command("\($0)", to: "a", on: broker) })
            return broker.records(of: .commands).compactMap(\.command).compactMap { Int(String(decoding: $0.payload.bytes, as: UTF8.self)) }
        }
        let first = try await answers(seed: 7)
        #expect(try await answers(seed: 7) == first)
        #expect(try await answers(seed: 8) != first)
    }

    @Test func a_deadline_passes_by_the_injected_clock_even_while_draining() async throws {
        let clock = ManualClock()
        let broker = broker(clock: clock)
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try? await broker.withMember(of: SmallHandler.group) { member in
                    var turn = Turn()
                    while !turn.isDraining {
                        turn.removeAll()
                        await member.next(&turn, until: nil)
                    }
                    turn.removeAll()
                    await member.next(&turn, until: clock.now + .seconds(5))
                    #expect(clock.now == Instant(nanoseconds: 5_000_000_000) && turn.isEmpty && turn.isDraining)
                }
            }
            tasks.cancelAll()
            tasks.addTask {
                while clock.nextDue == nil { await Task.yield() }
                #expect(clock.nextDue == Instant(nanoseconds: 5_000_000_000))
                clock.advance(by: .seconds(5))
            }
            await tasks.waitForAll()
        }
    }
}

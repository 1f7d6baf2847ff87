#if NATS
import EventHorizon
import EventHorizonBridge
import Glibc
import ServerSupport
import Synchronization
import Testing

@testable import EventHorizonNATS

/// What members hold, as they are told.
private final class Holdings: Sendable {
    private let state = Mutex<[String: Set<Int>]>([:])

    func change(_ member: String, _ body: (inout Set<Int>) -> Void) {
        state.withLock { body(&$0[member, default: []]) }
    }

    var all: [String: Set<Int>] { state.withLock { $0 } }

    /// Counts by member, sorted.
    var counts: [Int] { all.values.map(\.count).filter { $0 > 0 }.sorted() }
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct Groups {
    /// A member that takes and gives what it is told to, until it is cancelled or `until` is done.
    private static func member(
        _ name: String, _ broker: NATSBroker, _ holdings: Holdings, group: GroupDeclaration = handlers(), vanishes: Shared<Bool>? = nil
    ) async throws {
        try await broker.withNATSMember(of: group) { member in
            var turn = Turn()
            var outcome = Outcome()
            while true {
                turn.removeAll()
                await member.next(&turn, until: surroundings.clock.now + .milliseconds(20))
                for claim in turn.claimed {
                    holdings.change(name) { $0.insert(claim.partition) }
                    outcome.starts.append((claim.partition, claim.progress))
                }
                for partition in turn.lost { holdings.change(name) { $0.remove(partition) } }
                for partition in turn.revoked {
                    holdings.change(name) { $0.remove(partition) }
                    outcome.releases.append(partition)
                }
                for delivery in turn.deliveries { outcome.finished.append((delivery.partition, 1)) }
                if turn.isDraining {
                    let held = holdings.all[name] ?? []
                    outcome.releases += held
                    holdings.change(name) { $0 = [] }
                }
                member.submit(&outcome)
                if turn.isDraining { return }
                if vanishes?.value == true {
                    member.keeper.abandon()
                    holdings.change(name) { $0 = [] }
                    return
                }
            }
        }
    }

    private func wait(_ holdings: Holdings, _ counts: [Int], within seconds: Double = 10, sourceLocation: SourceLocation = #_sourceLocation) async
        -> Duration
    {
        let start = surroundings.clock.now
        while surroundings.clock.now < start + .seconds(seconds) {
            if holdings.counts == counts { return surroundings.clock.now - start }
            await surroundings.clock.sleep(until: surroundings.clock.now + .milliseconds(5))
        }
        Issue.record("members hold \(holdings.all), not \(counts), after \(seconds) seconds", sourceLocation: sourceLocation)
        return .seconds(seconds)
    }

    @Test func members_share_the_partitions_as_they_come_and_go() async throws {
        try await withServer { server in
            let holdings = Holdings()
            let broker = broker(server)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await Self.member("a", broker, holdings) }
                _ = await wait(holdings, [8])
                tasks.addTask { try await Self.member("b", broker, holdings) }
                _ = await wait(holdings, [4, 4])
                let third = Task { try await Self.member("c", broker, holdings) }
                _ = await wait(holdings, [2, 3, 3])
                third.cancel()
                let handOver = await wait(holdings, [4, 4])
                #expect(handOver < .seconds(1))
                try await third.value
                #expect(holdings.all["a"]!.isDisjoint(with: holdings.all["b"]!))
                tasks.cancelAll()
            }
            // All has been released: whoever comes next need not wait for a lease.
            let last = Task { try await Self.member("d", broker, holdings) }
            #expect(await wait(holdings, [8]) < .seconds(1))
            last.cancel()
            try await last.value
        }
    }

    @Test func what_a_vanished_member_held_is_claimed_after_the_lease() async throws {
        try await withServer { server in
            let holdings = Holdings()
            let unclean = Shared(0)
            let vanishes = Shared(false)
            let first = broker(server, lease: .seconds(1))
            let second = broker(server, lease: .seconds(1))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await Self.member("a", first, holdings, vanishes: vanishes) }
                _ = await wait(holdings, [8])
                vanishes.change { $0 = true }
                _ = await wait(holdings, [])
                tasks.addTask {
                    try await second.withMember(of: handlers()) { member in
                        var held = 0
                        try await serve(member) { turn, _ in
                            unclean.change { $0 += turn.claimed.count { $0.isUnclean } }
                            held += turn.claimed.count
                            return held == 8
                        }
                    }
                }
                let start = surroundings.clock.now
                try await tasks.waitForAll()
                let waited = surroundings.clock.now - start
                #expect(waited > .milliseconds(900) && waited < .seconds(4))
            }
            #expect(unclean.value == 8)
        }
    }

    @Test func a_member_that_slept_past_its_lease_loses_its_partitions() async throws {
        try await withServer { server in
            let zombie = broker(server, lease: .seconds(1))
            let successor = broker(server, lease: .seconds(1))
            let taken = Shared(0)
            try await zombie.withNATSMember(of: handlers()) { member in
                var held = 0
                try await serve(member) { turn, _ in
                    held += turn.claimed.count
                    return held == 8
                }
                // The thread of its leases sleeps, as the whole process would under SIGSTOP.
                let control = try await zombie.open().control
                let asleep = Shared(true)
                let sleeper = LoopTimer { while asleep.value { usleep(1000) } }
                control.loop.arm(sleeper, at: 0)
                let other = Task {
                    try await successor.withMember(of: handlers()) { member in
                        var turn = Turn()
                        var outcome = Outcome()
                        while !turn.isDraining {
                            turn.removeAll()
                            await member.next(&turn, until: nil)
                            taken.change { $0 += turn.claimed.count }
                            member.submit(&outcome)
                        }
                    }
                }
                let deadline = soon()
                while taken.value < 8, surroundings.clock.now < deadline {
                    await surroundings.clock.sleep(until: surroundings.clock.now + .milliseconds(10))
                }
                #expect(taken.value == 8)
                var outcome = Outcome()
                outcome.progress = (0..<8).map { ($0, Position(100)) }
                member.submit(&outcome)
                asleep.change { $0 = false }
                var lost: Set<Int> = []
                var revoked: Set<Int> = []
                try await serve(member) { turn, _ in
                    lost.formUnion(turn.lost)
                    // The successor's presence may be seen first, and then what was given up is not lost as well.
                    revoked.formUnion(turn.revoked)
                    return lost.union(revoked).count == 8
                }
                #expect(lost.count >= 4)
                other.cancel()
                try await other.value
            }
        }
    }

    @Test func a_category_is_handled_by_one_group_only() async throws {
        try await withServer { server in
            let broker = broker(server)
            try await broker.withMember(of: handlers("one")) { _ in }
            let problem = await #expect(throws: Misconfiguration.self) { try await broker.withMember(of: handlers("two")) { _ in } }
            #expect(problem?.description.contains("'one'") == true)
        }
    }

    @Test func another_partition_count_is_refused() async throws {
        try await withServer { server in
            _ = try await broker(server).publish([command("a")])
            let problem = await #expect(throws: Misconfiguration.self) { try await broker(server, partitions: 4).publish([command("a")]) }
            #expect(problem?.description.contains("set it to 8") == true)
        }
    }

    @Test func two_groups_read_all_and_a_late_one_begins_where_it_says() async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 1)
            try await broker.withMember(of: handlers()) { member in
                try await serve(member) { turn, outcome in
                    for _ in turn.claimed {
                        for number in 1...5 {
                            outcome.appends.append(
                                Outcome.Append(
                                    token: number, partition: 0,
                                    commit: commit(
                                        command("a\(number)", category: number == 3 ? "guestlist.v1.Other" : invitations), number: 1,
                                        at: place(UInt64(number))),
                                    previous: .start))
                        }
                    }
                    return turn.answers.contains { $0.token == 5 }
                }
            }
            // One category is filtered by the server, several are passed over here.
            for categories: Set<EventHorizon.Category> in [[invitations], [invitations, "guestlist.v1.Third"]] {
                try await broker.withMember(of: readers("readers\(categories.count)", categories: categories)) { member in
                    var seen: [String] = []
                    var skipped = 0
                    try await serve(member) { turn, _ in
                        for delivery in turn.deliveries {
                            switch delivery.content {
                            case .commit(let commit): seen.append(commit.stream.aggregate)
                            case .skipped(let count): skipped += count
                            default: Issue.record("\(delivery)")
                            }
                        }
                        return seen.count == 4
                    }
                    #expect(seen == ["a1", "a2", "a4", "a5"])
                    #expect(skipped == categories.count - 1)
                }
            }
            var late = readers("late")
            late.start = .end
            try await broker.withMember(of: late) { member in
                try await serve(member) { turn, _ in
                    for claim in turn.claimed { #expect(claim.progress == Position(5) && claim.end == Position(5)) }
                    return !turn.claimed.isEmpty
                }
            }
        }
    }

    @Test func commits_that_a_saga_caused_pass_whatever_their_category() async throws {
        try await withServer { server in
            let broker = broker(server, partitions: 1)
            let saga: EventHorizon.Category = "guestlist.v1.Confirmation"
            try await broker.withMember(of: handlers()) { member in
                try await serve(member) { turn, outcome in
                    for _ in turn.claimed {
                        outcome.appends = [
                            Outcome.Append(token: 1, partition: 0, commit: commit(command("a"), number: 1, at: place(1)), previous: .start),
                            Outcome.Append(
                                token: 2, partition: 0, commit: commit(command("b"), number: 1, at: place(2), sender: StreamID(saga, "list")),
                                previous: .start),
                        ]
                    }
                    return turn.answers.count == 2 || turn.answers.contains { $0.token == 2 }
                }
            }
            var group = readers("router", categories: ["guestlist.v1.List"])
            group.senders = [saga]
            try await broker.withMember(of: group) { member in
                var seen: [String] = []
                try await serve(member) { turn, _ in
                    for delivery in turn.deliveries { if case .commit(let commit) = delivery.content { seen.append(commit.stream.aggregate) } }
                    return !seen.isEmpty
                }
                #expect(seen == ["b"])
            }
        }
    }
}
#endif

public import EventHorizon
internal import Synchronization
internal import Testing

extension BrokerContract {
    /// Two members of a group split the partitions evenly, and each message reaches exactly one of them; when one leaves, the other has everything.
    public func a_message_reaches_one_member_of_a_group(_ broker: any Broker) async throws {
        let group = handler()
        try await broker.withMember(of: group) { first in
            let one = probe(first, broker)
            try await one.holdAll()
            try await broker.withMember(of: group) { second in
                let two = probe(second, broker)
                #expect(first.id != second.id)
                try await MemberProbe.wait(for: "the partitions are split", one, two) {
                    one.held.count + two.held.count == first.partitionCount && abs(one.held.count - two.held.count) <= 1
                }
                let sent = (0..<60).map { command("\($0)", to: "aggregate-\($0)", by: broker) }
                try await publish(sent, on: broker)
                try await MemberProbe.wait(for: "every message is delivered", one, two) {
                    one.commands.count + two.commands.count >= sent.count
                }
                #expect((one.commands + two.commands).map(\.id.description).sorted() == sent.map(\.id.description).sorted())
                #expect(one.commands.allSatisfy { one.held.contains(one.partition(of: $0.stream)) })
                #expect(two.commands.allSatisfy { two.held.contains(two.partition(of: $0.stream)) })
            }
            try await one.holdAll()
        }
    }

    /// Every group gets every message.
    public func every_group_gets_every_message(_ broker: any Broker) async throws {
        func reader(_ name: String) -> GroupDeclaration { GroupDeclaration(name: name, log: .events, categories: [Self.counters]) }
        try await broker.withMember(of: handler()) { member in
            let writer = probe(member, broker)
            try await writer.holdAll()
            for number in 0..<20 {
                let commit = commit(["\(number)"], to: "aggregate-\(number)", incarnation: member.incarnation, by: broker)
                #expect(try await writer.append(commit, after: .start).stored != nil)
            }
        }
        try await broker.withMember(of: reader("one")) { first in
            try await broker.withMember(of: reader("two")) { second in
                let one = probe(first, broker)
                let two = probe(second, broker)
                try await MemberProbe.wait(for: "both groups have every commit", one, two) { one.commits.count >= 20 && two.commits.count >= 20 }
                #expect(one.commits.count == 20 && two.commits.count == 20)
            }
        }
    }

    /// What a member handled and did not settle before it vanished is delivered again, to one who is told that the partition was left uncleanly.
    public func what_was_not_settled_is_delivered_again(_ broker: any Broker) async throws {
        let group = handler()
        let sent = (0..<10).map { command("\($0)", to: "crashed", by: broker) }
        try await publish(sent, on: broker)
        await #expect(throws: Crash.self) {
            try await broker.withMember(of: group) { member in
                let probe = probe(member, broker)
                probe.settlesAtOnce = false
                try await probe.wait(for: "the commands are delivered") { probe.commands.count >= sent.count }
                probe.settle(probe.deliveries[3])
                // An answer that came shows that what was submitted before it was taken in.
                _ = try await probe.load(StreamID(Self.counters, "crashed"))
                throw Crash()
            }
        }
        try await broker.withMember(of: group) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "what was not settled is delivered") { probe.commands.last == sent.last }
            let partition = probe.partition(of: StreamID(Self.counters, "crashed"))
            let claim = try #require(probe.claims.first { $0.partition == partition })
            #expect(claim.isUnclean)
            // Progress may lag: the settled ones may come again, the others must.
            #expect(probe.commands.count >= 6 && probe.commands == Array(sent.suffix(probe.commands.count)))
        }
    }

    /// What a member recorded that it tries is told to whoever takes over when it has vanished, with the progress that was said before; not after progress
    /// has moved there, and not after a release.
    public func what_is_tried_is_told_to_the_next_owner(_ broker: any Broker) async throws {
        let sent = (0..<4).map { command("\($0)", to: "tried", by: broker) }
        let positions = try await publish(sent, on: broker)
        func serve(_ body: (MemberProbe, Claim) async throws -> Void) async throws {
            try await broker.withMember(of: handler()) { member in
                let probe = probe(member, broker)
                probe.settlesAtOnce = false
                let partition = probe.partition(of: sent[0].stream)
                try await probe.wait(for: "the partition is claimed") { probe.held.contains(partition) }
                try await body(probe, try #require(probe.claims.last { $0.partition == partition }))
            }
        }
        func vanish(_ body: (MemberProbe, Claim) async throws -> Void) async {
            await #expect(throws: Crash.self) {
                try await serve { probe, claim in
                    try await body(probe, claim)
                    throw Crash()
                }
            }
        }
        let first = Attempt(position: positions[1], number: 1)
        let second = Attempt(position: positions[2], number: 2)
        await vanish { probe, claim in
            #expect(claim.trying == nil)
            try await probe.wait(for: "the commands are delivered") { probe.commands == sent }
            probe.settle(probe.deliveries[0])
            #expect(try await probe.record(first, in: claim.partition) == .stored(first.position))
        }
        // Who does nothing leaves it as it was.
        for _ in 0..<2 {
            await vanish { _, claim in
                #expect(claim.isUnclean && claim.trying == first)
                #expect(claim.progress == positions[0])
            }
        }
        await vanish { probe, claim in
            try await probe.wait(for: "the rest is delivered") { probe.commands == Array(sent[1...]) }
            probe.settle(probe.deliveries[0])
            #expect(try await probe.record(Attempt(position: positions[2], number: 1), in: claim.partition) == .stored(positions[2]))
            #expect(try await probe.record(second, in: claim.partition) == .stored(positions[2]))
        }
        await vanish { probe, claim in
            #expect(claim.trying == second && claim.progress == positions[1])
            try await probe.wait(for: "the rest is delivered") { probe.commands == Array(sent[2...]) }
            probe.settle(probe.deliveries[0])
            // Answered after what was submitted before it is stored.
            let commit = commit(["done"], to: "tried", incarnation: probe.member.incarnation, by: broker)
            #expect(try await probe.append(commit, after: .start).stored != nil)
        }
        try await serve { probe, claim in
            #expect(claim.isUnclean && claim.trying == nil)
            #expect(claim.progress == positions[2])
            let last = Attempt(position: positions[3], number: 1)
            let answer = try await probe.record(last, in: claim.partition)
            #expect(answer == .stored(last.position))
            probe.release(claim.partition)
        }
        try await serve { _, claim in
            #expect(!claim.isUnclean && claim.trying == nil)
        }
    }

    /// A partition that is handed over goes on after the recorded progress, in order; what the old owner submits too late is not stored.
    public func a_handover_goes_on_at_the_recorded_progress(_ broker: any Broker) async throws {
        let group = handler()
        try await broker.withMember(of: group) { first in
            let one = probe(first, broker)
            one.settlesAtOnce = false
            one.releasesAtOnce = false
            try await one.holdAll()
            // An aggregate of each partition, ten commands each.
            let aggregates = try (0..<first.partitionCount).map { partition in
                try #require((0..<10_000).map { "h-\($0)" }.first { Partitioner.partition(of: $0, count: first.partitionCount) == partition })
            }
            try await publish(aggregates.flatMap { id in (0..<10).map { command("\($0)", to: id, by: broker) } }, on: broker)
            try await one.wait(for: "everything is in hand") { one.commands.count >= 10 * aggregates.count }
            try await broker.withMember(of: group) { second in
                let two = probe(second, broker)
                let share = first.partitionCount / 2
                try await MemberProbe.wait(for: "a share is revoked", one, two) { one.revoked.count >= share }
                guard let moved = one.revoked.first else { return }
                let inHand = one.deliveries.count { $0.partition == moved }
                try await publish([command("10", to: aggregates[moved], by: broker)], on: broker)
                for _ in 0..<5 { await one.step(within: .milliseconds(10)) }
                #expect(one.deliveries.count { $0.partition == moved } == inHand, "nothing more of a revoked partition is delivered")
                for delivery in one.deliveries.filter({ $0.partition == moved }).prefix(4) { one.settle(delivery) }
                one.submit()
                for partition in one.revoked { one.release(partition) }
                try await MemberProbe.wait(for: "the new owner goes on", one, two) {
                    two.commands.filter { two.partition(of: $0.stream) == moved }.count >= 7
                }
                #expect(two.commands.filter { two.partition(of: $0.stream) == moved }.map(text) == (4...10).map { "\($0)" })
                #expect(two.claims.first { $0.partition == moved }?.isUnclean == false)

                var late = Outcome()
                let commit = commit(["late"], to: aggregates[moved], incarnation: first.incarnation, by: broker)
                let token = one.token()
                late.appends.append(Outcome.Append(token: token, partition: moved, commit: commit, previous: .start))
                late.progress.append((partition: moved, position: Position(.max)))
                one.submit(late)
                let winner = self.commit(["winner"], to: aggregates[moved], incarnation: first.incarnation, by: broker)
                #expect(try await two.append(winner, after: .start).stored != nil)
                await one.step()
                #expect(one.answers[token] == nil, "for a partition that is not held there is no answer")
                #expect(try await two.load(commit.stream).map(\.commit) == [winner])
            }
        }
    }

    /// Members come and go under load: nothing is lost, nothing overtakes, and every partition has an owner again.
    public func members_come_and_go_under_load(_ broker: any Broker) async throws {
        let group = handler()
        let history = History()
        let aggregates = 24
        let rounds = 25
        let total = aggregates * rounds
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for round in 0..<rounds {
                    // Waits for the readers, so that the load lasts as long as the coming and going.
                    try await publish((0..<aggregates).map { command("\(round)", to: "load-\($0)", by: broker) }, on: broker)
                    try await wait(for: "the readers keep up with round \(round)", broker) { history.count >= (round - 2) * aggregates }
                }
            }
            for number in 0..<4 {
                let (joins, leaves) = number == 0 ? (0, total) : (number * 100, number * 100 + 200)
                tasks.addTask {
                    try await wait(for: "\(joins) messages are handled", broker) { history.count >= joins }
                    try await broker.withMember(of: group) { member in
                        let probe = probe(member, broker)
                        var handled = 0
                        try await probe.wait(for: "\(leaves) messages are handled") {
                            for delivery in probe.deliveries[handled...] {
                                if case .command(let envelope) = delivery.content { history.add(envelope.stream.aggregate, text(envelope)) }
                            }
                            handled = probe.deliveries.count
                            return history.count >= leaves
                        }
                        if number == 0 { try await probe.holdAll() }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        for aggregate in 0..<aggregates { #expect(history.firsts(of: "load-\(aggregate)") == (0..<rounds).map { "\($0)" }) }
    }

    /// A cancelled member is told at once and in every turn from then on, and what it releases goes to the others.
    public func a_drained_member_passes_its_partitions_on(_ broker: any Broker) async throws {
        let group = handler()
        let sent = (0..<20).map { command("\($0)", to: "drained-\($0)", by: broker) }
        try await publish(sent, on: broker)
        let history = History()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await broker.withMember(of: group) { member in
                    let probe = probe(member, broker)
                    try await probe.holdAll()
                    try await probe.wait(for: "everything is handled") { probe.commands.count >= sent.count }
                    history.add("holds", "all")
                    try await probe.wait(for: "the drain is told") { probe.isDraining }
                    await probe.step(within: .milliseconds(1))
                    #expect(probe.isDraining, "in every turn from then on")
                    // Still a member: what is in hand is settled.
                    let last = commit(["last"], to: "drained-0", incarnation: member.incarnation, by: broker)
                    #expect(try await probe.append(last, after: .start).stored != nil)
                    for partition in probe.held { probe.release(partition) }
                    // Not left yet: what was released must not come back.
                    try await probe.wait(for: "the other one has everything") { history.firsts(of: "passed") == ["on"] }
                    #expect(probe.held.isEmpty)
                }
            }
            try await wait(for: "the first member has handled everything", broker) { !history.firsts(of: "holds").isEmpty }
            tasks.cancelAll()
            try await broker.withMember(of: group) { member in
                let probe = probe(member, broker)
                try await probe.holdAll()
                #expect(probe.claims.allSatisfy { !$0.isUnclean && $0.progress == $0.end }, "\(probe.claims)")
                #expect(probe.commands.isEmpty)
                history.add("passed", "on")
            }
            try await tasks.waitForAll()
        }
    }

    /// Waits for a state that other tasks bring about.
    private func wait(for what: String, _ broker: any Broker, until condition: () -> Bool) async throws {
        let clock = broker.surroundings.clock
        let deadline = clock.now + limit
        while !condition() {
            try Task.checkCancellation()
            guard clock.now < deadline else { throw ContractTimeout(what: what, limit: limit) }
            await clock.sleep(until: clock.now + .milliseconds(1))
        }
    }

    /// What several members saw, in one order.
    private final class History: Sendable {
        private let entries = Mutex<[(key: String, text: String)]>([])
        var count: Int { entries.withLock { $0.count } }
        func add(_ key: String, _ text: String) { entries.withLock { $0.append((key, text)) } }
        /// Of one key, each text where it first came.
        func firsts(of key: String) -> [String] {
            entries.withLock { entries in
                var seen: Set<String> = []
                return entries.filter { $0.key == key && seen.insert($0.text).inserted }.map(\.text)
            }
        }
    }
}

public import EventHorizon
internal import Testing

extension BrokerContract {
    /// Commands of one aggregate are delivered in the order of publishing, each as it was published, at growing positions.
    public func commands_of_an_aggregate_come_in_order(_ broker: any Broker) async throws {
        let aggregates = ["a", "b", "c", "d", "e"]
        var sent: [Envelope] = []
        for number in 0..<20 {
            for aggregate in aggregates { sent.append(command("\(number)", to: aggregate, by: broker)) }
        }
        let positions = try await publish(sent, on: broker)
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "all commands are delivered") { probe.commands.count >= sent.count }
            for aggregate in aggregates {
                let delivered = probe.commands.filter { $0.stream.aggregate == aggregate }
                #expect(delivered == sent.filter { $0.stream.aggregate == aggregate })
            }
            for partition in 0..<member.partitionCount {
                let there = probe.deliveries.filter { $0.partition == partition }.map(\.position)
                #expect(there == there.sorted() && Set(there).count == there.count, "positions grow along partition \(partition)")
            }
            for (envelope, position) in zip(sent, positions) {
                #expect(probe.deliveries.contains { $0.position == position && $0.partition == probe.partition(of: envelope.stream) })
            }
        }
    }

    /// Everything that an envelope holds arrives as it was.
    public func an_envelope_arrives_whole(_ broker: any Broker) async throws {
        var sent = command("zoë", to: "whole", by: broker)
        sent.expectedVersion = 7
        sent.causation = broker.surroundings.makeID()
        sent.trace = TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1")
        sent.sender = StreamID(Self.others, "saga")
        sent.tenant = "olympus"
        sent.principal = "Athena"
        sent.expiry = Timestamp(nanoseconds: sent.occurredAt.nanoseconds + 3_600_000_000_000)
        sent.metadata = ["colour": "grün", "empty": ""]
        sent.payload.schema = 3
        try await publish([sent], on: broker)
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "the command is delivered") { !probe.commands.isEmpty }
            #expect(probe.commands == [sent])
        }
    }

    /// Publishing needs no reader, and a group that is added later sees history from the beginning.
    public func a_later_group_sees_history_from_the_beginning(_ broker: any Broker) async throws {
        try await publish((0..<10).map { command("\($0)", to: "early", by: broker) }, on: broker)
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "history is delivered") { probe.commands.count >= 10 }
            #expect(probe.commands.map(text) == (0..<10).map { "\($0)" })
            #expect(probe.claims.allSatisfy { $0.progress == .start && !$0.isUnclean })
        }
    }

    /// A group that starts at the end sees only what comes after it joined.
    public func a_group_that_starts_at_the_end_sees_no_history(_ broker: any Broker) async throws {
        try await publish([command("before", to: "a", by: broker), command("before", to: "b", by: broker)], on: broker)
        try await broker.withMember(of: handler(start: .end)) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            try await publish([command("after", to: "a", by: broker), command("after", to: "b", by: broker)], on: broker)
            try await probe.wait(for: "what came later is delivered") { probe.commands.count >= 2 }
            #expect(probe.commands.map(text) == ["after", "after"])
        }
    }

    /// Records of a category that was not asked for are counted, not delivered, and progress passes them.
    public func a_category_not_asked_for_is_skipped(_ broker: any Broker) async throws {
        // Of several categories: a broker may keep others from a reader of one without counting them.
        let group = handler(of: [Self.counters, "contract.v1.Nobody"])
        try await publish((0..<6).map { command("\($0)", to: "same", of: $0 % 3 == 0 ? Self.counters : Self.others, by: broker) }, on: broker)
        var last = Position.start
        try await broker.withMember(of: group) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "the records are read") { probe.commands.count >= 2 && probe.skipped >= 4 }
            #expect(probe.commands.map(text) == ["0", "3"])
            #expect(probe.skipped == 4)
            last = probe.deliveries.last?.position ?? .start
        }
        try await broker.withMember(of: group) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let partition = probe.partition(of: StreamID(Self.counters, "same"))
            let claim = probe.claims.first { $0.partition == partition }
            #expect(claim.map { $0.progress > last } == true, "progress passes the skipped records")
            #expect(claim.map { $0.progress == $0.end } == true, "and is at the end")
        }
    }

    /// A commit reaches the readers of its category, and those who sent its commands, as it was appended.
    public func a_commit_reaches_readers_of_its_category_and_its_sender(_ broker: any Broker) async throws {
        let sender = StreamID("contract.v1.Saga", "s")
        let byCategory = GroupDeclaration(name: "by-category", log: .events, categories: [Self.counters])
        let bySender = GroupDeclaration(name: "by-sender", log: .events, categories: [], senders: [sender.category])
        var appended: [Commit] = []
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            appended = [
                commit(["one", "two"], to: "sent", incarnation: member.incarnation, sender: sender, by: broker),
                commit(["three"], to: "unsent", incarnation: member.incarnation, by: broker),
            ]
            for commit in appended { #expect(try await probe.append(commit, after: .start).stored != nil) }
        }
        try await broker.withMember(of: byCategory) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "both commits are delivered") { probe.commits.count >= 2 }
            #expect(probe.commits.sorted { $0.stream.aggregate < $1.stream.aggregate } == appended)
        }
        try await broker.withMember(of: bySender) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "its commit is delivered, the other skipped") { !probe.commits.isEmpty && probe.skipped >= 1 }
            #expect(probe.commits == [appended[0]])
        }
    }
}

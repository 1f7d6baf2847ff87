public import EventHorizon
internal import Testing

extension BrokerContract {
    /// A category of the commands log is handled by exactly one group: a second one is refused with both names.
    public func a_category_is_handled_by_one_group(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler("first")) { _ in }
        let refused = await #expect(throws: Misconfiguration.self) {
            try await broker.withMember(of: handler("second")) { _ in Issue.record("a second group for a category must be refused") }
        }
        #expect(refused?.description.contains("first") == true && refused?.description.contains("\(Self.counters)") == true)
        try await broker.withMember(of: handler("second", of: [Self.others])) { _ in }
        // Readers of the events log share a category freely.
        for name in ["one", "two"] {
            try await broker.withMember(of: GroupDeclaration(name: name, log: .events, categories: [Self.counters])) { _ in }
        }
    }

    /// A member whose group keeps its read model in another store is refused with both names while another member lives, and only then: a read model that
    /// is built anew has another identity.
    public func a_member_with_another_store_is_refused(_ broker: any Broker) async throws {
        func projector(_ store: String?) -> GroupDeclaration {
            GroupDeclaration(name: "projector", log: .events, categories: [Self.counters], keepsOwnProgress: true, store: store)
        }
        try await broker.withMember(of: projector("store-1")) { member in
            try await probe(member, broker).holdAll()
            let refused = await #expect(throws: Misconfiguration.self) {
                try await broker.withMember(of: projector("store-2")) { _ in Issue.record("a member with another store must be refused") }
            }
            #expect(refused?.description.contains("store-1") == true && refused?.description.contains("store-2") == true)
            try await broker.withMember(of: projector("store-1")) { _ in }
        }
        try await broker.withMember(of: projector("store-2")) { _ in }
    }

    /// A member that keeps its own progress is delivered from where it says.
    public func a_member_starts_where_it_says(_ broker: any Broker) async throws {
        let positions = try await publish((0..<10).map { command("\($0)", to: "own", by: broker) }, on: broker)
        var group = handler()
        group.keepsOwnProgress = true
        try await broker.withMember(of: group) { member in
            let probe = probe(member, broker)
            probe.startsAtOnce = false
            try await probe.holdAll()
            await probe.step()
            #expect(probe.deliveries.isEmpty, "nothing is delivered until the member says from where")
            probe.start(probe.partition(of: StreamID(Self.counters, "own")), after: positions[6])
            try await probe.wait(for: "the rest is delivered") { probe.commands.count >= 3 }
            #expect(probe.commands.map(text) == ["7", "8", "9"])
        }
    }

    /// A request is answered by whoever handles its command.
    public func a_request_is_answered(_ broker: any Broker) async throws {
        let sent = command("question", to: "asked", by: broker)
        async let asked = broker.request(sent, within: limit)
        let answers = try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "the request is delivered") { !probe.commands.isEmpty }
            let asked = try #require(probe.commands.first)
            #expect(asked.id == sent.id && asked.payload == sent.payload && !asked.replyTo.isEmpty)
            let place = Place(
                log: .events, incarnation: member.eventsIncarnation, partition: probe.partition(of: asked.stream), position: Position(1))
            let outcomes: [CommandOutcome] = [.rejected(payload("no", name: "contract.v1.No")), .accepted(versions: 1..<2)]
            let answers = outcomes.map { Answer(command: asked.id, stream: asked.stream, outcome: $0, place: place) }
            // Only the first counts; a reply to nobody harms nothing.
            var outcome = Outcome()
            outcome.replies = [(to: asked.replyTo + "-gone", answer: answers[1]), (to: asked.replyTo, answer: answers[0])]
            outcome.replies.append((to: asked.replyTo, answer: answers[1]))
            probe.submit(outcome)
            return answers
        }
        let answer = try await asked
        #expect(answer == answers[0])
    }

    /// A request that nobody answers ends at its deadline, and its command is stored all the same.
    public func a_request_ends_at_its_deadline(_ broker: any Broker) async throws {
        let sent = command("unheard", to: "asked", by: broker)
        let error = await #expect(throws: BrokerError.self) { _ = try await broker.request(sent, within: .milliseconds(200)) }
        #expect(error?.code == .deadlineExceeded)
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "the command is delivered") { !probe.commands.isEmpty }
            #expect(probe.commands.map(\.id) == [sent.id])
        }
    }
}

internal import EventHorizon

extension BrokerContract {
    static let counters: Category = "contract.v1.Counter"
    static let others: Category = "contract.v1.Other"

    /// A reader of the commands log.
    func handler(_ name: String = "handler", of categories: Set<Category> = [counters], start: GroupDeclaration.Start = .beginning)
        -> GroupDeclaration
    {
        GroupDeclaration(name: name, log: .commands, categories: categories, start: start)
    }

    func probe(_ member: any GroupMember, _ broker: any Broker) -> MemberProbe { MemberProbe(member, clock: broker.surroundings.clock, limit: limit) }

    func payload(_ text: String, name: String = "contract.v1.Added") -> Payload {
        Payload(name: name, contentType: "text/plain", bytes: Array(text.utf8))
    }

    /// A command whose payload is its text.
    func command(_ text: String, to aggregate: String, of category: Category = counters, by broker: any Broker) -> Envelope {
        let id = broker.surroundings.makeID()
        return Envelope(
            id: id, kind: .command, stream: StreamID(category, aggregate), payload: payload(text, name: "contract.v1.Add"), correlation: id,
            occurredAt: broker.surroundings.clock.time)
    }

    /// A commit of one command that nobody sent, with an event for each text.
    func commit(
        _ texts: [String], number: Int = 1, version: Int = 1, to aggregate: String, of category: Category = counters, incarnation: UInt64,
        sender: StreamID? = nil, by broker: any Broker
    ) -> Commit {
        let stream = StreamID(category, aggregate)
        let cause = command("\(number)", to: aggregate, of: category, by: broker)
        let place = Place(log: .commands, incarnation: incarnation, partition: 0, position: Position(UInt64(number)))
        return Commit(
            stream: stream, number: number, firstVersion: version,
            events: texts.map {
                cause.following(id: broker.surroundings.makeID(), kind: .event, stream: stream, payload: payload($0), at: cause.occurredAt)
            },
            decided: [
                DecidedCommand(
                    id: cause.id, place: place, outcome: .accepted(versions: version..<version + texts.count), correlation: cause.correlation,
                    sender: sender)
            ],
            inputs: [place])
    }

    func letter(_ record: [UInt8], incarnation: UInt64, by broker: any Broker) -> DeadLetter {
        let time = broker.surroundings.clock.time
        return DeadLetter(
            place: Place(log: .commands, incarnation: incarnation, partition: 0, position: Position(1)), group: "handler", reason: "for a test",
            attempts: 1,
            worker: "nobody", firstFailedAt: time, lastFailedAt: time, stream: nil, type: "", record: record)
    }

    func text(_ envelope: Envelope) -> String { String(decoding: envelope.payload.bytes, as: UTF8.self) }

    /// Publishes, and takes every refusal for an error.
    @discardableResult
    func publish(_ commands: [Envelope], on broker: any Broker) async throws -> [Position] {
        let results = try await broker.publish(commands)
        guard results.count == commands.count else {
            throw BrokerError(
                .protocolViolation, "\(commands.count) commands were published and \(results.count) results came back: there is one for each")
        }
        return try results.map { result in
            switch result {
            case .stored(let position): return position
            case .refused(let reason): throw BrokerError(.refused, reason)
            }
        }
    }

    /// What a test's member throws to leave without a word.
    struct Crash: Error {}
}

extension SettleAnswer.Result {
    /// Where it was stored by this very call.
    var stored: Position? { if case .stored(let position) = self { position } else { nil } }
    var isRefused: Bool { if case .refused = self { true } else { false } }
}

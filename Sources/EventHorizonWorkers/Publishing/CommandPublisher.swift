public import EventHorizon
public import EventHorizonJSON

/// Sends commands to aggregates. Safe to use from many tasks.
public struct CommandPublisher: Sendable {
    let broker: any Broker
    private let format: any PayloadFormat

    /// - Parameters:
    ///   - broker: where the logs are.
    ///   - payloads: the format that payloads are written in, where the command's catalog names no other.
    public init(broker: any Broker, payloads: any PayloadFormat = .json) {
        self.broker = broker
        format = payloads
    }

    /// Publishes a command; durable when it returns. Commands that one task sends to one aggregate are decided in that order.
    ///
    /// - Parameters:
    ///   - command: what the aggregate is asked to do.
    ///   - id: which aggregate.
    ///   - of: the aggregate's type, where neither command nor id says it.
    ///   - context: what the command follows from and what travels with it. Give it an id of yours to repeat a send safely: an id takes effect
    ///     once, as long as the aggregate remembers it.
    /// - Returns: The command's id.
    /// - Throws: `CommandError.refused` where the broker never will store it, `PayloadError` where it cannot be written, `BrokerError` where there is no broker.
    @discardableResult
    public func send<Target: CommandTarget>(
        _ command: Target.Command, to id: AggregateID<Target>, of: Target.Type = Target.self, context: CommandContext = CommandContext()
    ) async throws -> MessageID {
        let envelope = try envelope(command, id, context)
        try check(await broker.publish([envelope]), [envelope])
        return envelope.id
    }

    /// Publishes many commands at once, which is much faster than one by one; durable when it returns.
    /// - Throws: As `send`; those before and after a refused command are stored all the same.
    @discardableResult
    public func send<Target: CommandTarget>(
        contentsOf commands: [(command: Target.Command, id: AggregateID<Target>)], context: CommandContext = CommandContext()
    ) async throws -> [MessageID] {
        guard context.id == nil || commands.count < 2 else {
            throw CommandError.refused(
                reason: "\(commands.count) commands were given one id: an id takes effect once, so leave it out, or send them one by one")
        }
        let envelopes = try commands.map { try envelope($0.command, $0.id, context) }
        try check(await broker.publish(envelopes), envelopes)
        return envelopes.map(\.id)
    }

    /// Publishes a command and waits for what its aggregate says.
    ///
    /// - Parameters:
    ///   - command: what the aggregate is asked to do.
    ///   - id: which aggregate.
    ///   - of: the aggregate's type, where neither command nor id says it.
    ///   - limit: how long to wait for the answer. After it the command may still be decided: ask again with the same id for the same answer.
    ///   - context: what the command follows from and what travels with it.
    /// - Throws: `VersionConflict` where `context.expectedVersion` was not the aggregate's, `CommandExpired` where it was read too late, `CommandError` where the command became a dead letter or was
    ///   refused, `BrokerError` with code `.deadlineExceeded` where no answer came in time.
    public func ask<Target: CommandTarget>(
        _ command: Target.Command, to id: AggregateID<Target>, of: Target.Type = Target.self, within limit: Duration = .seconds(5),
        context: CommandContext = CommandContext()
    ) async throws -> CommandAnswer<Target.Rejection> {
        let answer = try await broker.request(envelope(command, id, context), within: limit)
        switch answer.outcome {
        case .accepted(let versions): return .accepted(Receipt(versions: versions, place: answer.place, stream: answer.stream))
        case .released: return .accepted(Receipt(versions: 0..<0, place: answer.place, stream: answer.stream))
        case .deadLettered(let reason): throw CommandError.deadLettered(reason: reason)
        case .parked(let letter, let reason): throw CommandError.parked(letter: letter, reason: reason)
        case .rejected(let payload):
            if let conflict = VersionConflict(payload) { throw conflict }
            if let expired = CommandExpired(payload) { throw expired }
            guard payload.contentType == format.contentType else { throw PayloadError.contentType(payload.contentType, name: payload.name) }
            return .rejected(try format.decode(payload.bytes) { try Target.Rejection(from: $0) })
        }
    }

    private func envelope<Target: CommandTarget>(_ command: Target.Command, _ id: AggregateID<Target>, _ context: CommandContext) throws -> Envelope {
        guard !id.description.isEmpty else { throw CommandError.refused(reason: "the id of a '\(Target.category)' is empty: name the aggregate") }
        let own = context.id ?? broker.surroundings.makeID()
        return Envelope(
            id: own, kind: .command, stream: StreamID(Category(Target.category), id.description),
            payload: try Target.Command.catalog.encode(command, format: format), expectedVersion: context.expectedVersion,
            correlation: context.correlation ?? own, causation: context.causation, occurredAt: broker.surroundings.clock.time, trace: context.trace,
            tenant: context.tenant, principal: context.principal, expiry: context.expiry, metadata: context.metadata)
    }

    private func check(_ results: [PublishResult], _ envelopes: [Envelope]) throws {
        for (result, envelope) in zip(results, envelopes) {
            if case .refused(let reason) = result {
                throw CommandError.refused(reason: "command '\(envelope.payload.name)' to '\(envelope.stream)': \(reason)")
            }
        }
    }
}

public import EventHorizon

extension CommandPublisher {
    /// Has a parked stream's letters handled in their order, and waits until the stream is parked no more. Commands that come meanwhile are decided after
    /// them. Of a stream that is not parked it returns at once.
    ///
    /// - Parameters:
    ///   - stream: an aggregate's, or a saga's.
    ///   - id: the command's own; give one of yours to ask again for the same answer. Nil makes one.
    ///   - limit: how long to wait. After it the release goes on all the same.
    /// - Throws: `StillParked` where a letter fails again: what lay before it is handled, it and the rest stay parked. `BrokerError` with code
    ///   `.deadlineExceeded` where it took longer, `CommandError.refused` where the broker never will store it.
    public func release(_ stream: StreamID, id: MessageID? = nil, within limit: Duration = .seconds(30)) async throws {
        try await tell(stream, .release, id, within: limit)
    }

    /// Gives letters of a parked stream up for good; without any left the stream is parked no more. A saga that sent one is told.
    ///
    /// - Parameters:
    ///   - commands: the ids of the commands whose letters are dropped; empty for every one.
    ///   - stream: an aggregate's, or a saga's.
    ///   - id: the command's own; nil makes one.
    ///   - limit: how long to wait. After it they may be dropped all the same.
    /// - Throws: As `release`.
    public func drop(_ commands: [MessageID] = [], of stream: StreamID, id: MessageID? = nil, within limit: Duration = .seconds(30)) async throws {
        try await tell(stream, .drop(commands), id, within: limit)
    }

    private func tell(_ stream: StreamID, _ command: ParkingCommand, _ id: MessageID?, within limit: Duration) async throws {
        let id = id ?? broker.surroundings.makeID()
        let envelope = Envelope(
            id: id, kind: .command, stream: stream, payload: command.payload, correlation: id, occurredAt: broker.surroundings.clock.time)
        switch try await broker.request(envelope, within: limit).outcome {
        case .accepted, .released: return
        case .rejected(let reason): throw StillParked(reason) ?? StillParked(reason: "rejected as '\(reason.name)'")
        case .deadLettered(let reason): throw CommandError.deadLettered(reason: reason)
        case .parked(let letter, let reason): throw CommandError.parked(letter: letter, reason: reason)
        }
    }
}

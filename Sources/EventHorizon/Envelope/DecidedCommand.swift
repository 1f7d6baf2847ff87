/// A command that a commit decided.
public struct DecidedCommand: Sendable, Equatable {
    public var id: MessageID
    /// Where it was read.
    public var place: Place
    public var outcome: CommandOutcome
    /// Of the client's command that this one follows from.
    public var correlation: MessageID
    /// The saga's stream that sent it; nil for a client's.
    public var sender: StreamID?
    /// A saga's command itself, where it was not accepted, so that the saga can be told.
    public var command: Payload?
    public init(id: MessageID, place: Place, outcome: CommandOutcome, correlation: MessageID, sender: StreamID? = nil, command: Payload? = nil) {
        self.id = id
        self.place = place
        self.outcome = outcome
        self.correlation = correlation
        self.sender = sender
        self.command = command
    }
}

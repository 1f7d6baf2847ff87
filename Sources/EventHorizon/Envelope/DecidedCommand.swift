/// A command that a commit decided.
public struct DecidedCommand: Sendable, Equatable {
    public var id: MessageID
    /// Where it was read.
    public var place: Place
    public var outcome: CommandOutcome
    /// Of the client's command that this one follows from.
    public var correlation: MessageID
    /// Nil for a client's command.
    private var saga: Shared<Saga>?

    private struct Saga: Sendable, Equatable {
        var sender: StreamID?
        var command: Payload?
    }

    public init(id: MessageID, place: Place, outcome: CommandOutcome, correlation: MessageID, sender: StreamID? = nil, command: Payload? = nil) {
        self.id = id
        self.place = place
        self.outcome = outcome
        self.correlation = correlation
        if sender != nil || command != nil { saga = Shared(Saga(sender: sender, command: command)) }
    }

    /// The saga's stream that sent it; nil for a client's.
    public var sender: StreamID? {
        get { saga?.value.sender }
        set { self = DecidedCommand(id: id, place: place, outcome: outcome, correlation: correlation, sender: newValue, command: command) }
    }
    /// A saga's command itself, where it was not accepted, so that the saga can be told.
    public var command: Payload? {
        get { saga?.value.command }
        set { self = DecidedCommand(id: id, place: place, outcome: outcome, correlation: correlation, sender: sender, command: newValue) }
    }
}

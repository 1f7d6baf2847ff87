/// What became of a command. It never changes once its commit is stored.
public enum CommandOutcome: Sendable, Equatable {
    /// Its events took these versions; an empty range: there was nothing to say.
    case accepted(versions: Range<Int>)
    /// The domain said no. The payload is the rejection.
    case rejected(Payload)
    /// It could not be handled. The reason stands in the dead letter too.
    case deadLettered(reason: String)
}

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

/// A command of an earlier commit, kept so that a repeat gets the same answer.
public struct RecentCommand: Sendable, Equatable {
    public var id: MessageID
    public var outcome: CommandOutcome
    /// The commit that decided it, counted within its stream.
    public var commit: Int
    public init(id: MessageID, outcome: CommandOutcome, commit: Int) {
        self.id = id
        self.outcome = outcome
        self.commit = commit
    }
}

/// What became of a command. It never changes once its commit is stored.
public enum CommandOutcome: Sendable, Equatable {
    /// Its events took these versions; an empty range: there was nothing to say.
    case accepted(versions: Range<Int>)
    /// The domain said no. The payload is the rejection.
    indirect case rejected(Payload)
    /// It could not be handled. The reason stands in the dead letter too.
    case deadLettered(reason: String)
}

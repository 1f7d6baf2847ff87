/// What became of a command. It never changes once its commit is stored, but for `parked`, which is for now: a later commit says the rest.
public enum CommandOutcome: Sendable, Equatable {
    /// Its events took these versions; an empty range: there was nothing to say.
    case accepted(versions: Range<Int>)
    /// The domain said no. The payload is the rejection.
    indirect case rejected(Payload)
    /// It could not be handled. The reason stands in the dead letter too.
    case deadLettered(reason: String)
    /// It lies in the dead-letter log, and later commands of its stream behind it, until it is released or dropped. The letter's position there; `.start`
    /// where none could be stored.
    case parked(letter: Position, reason: String)
    /// It released its stream, or found it not parked.
    case released

    /// Whether the command's last word is still to come.
    public var isParked: Bool { if case .parked = self { true } else { false } }

    /// Whether it holds a reason of a failure, which may be of any length.
    package var isLettered: Bool {
        switch self {
        case .deadLettered, .parked: true
        case .accepted, .rejected, .released: false
        }
    }
}

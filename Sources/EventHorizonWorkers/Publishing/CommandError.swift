public import EventHorizon

/// Why a command was not decided.
public enum CommandError: Error, Equatable, CustomStringConvertible {
    /// Not stored: it can never be. The reason names the value and the remedy.
    case refused(reason: String)
    /// Stored, but no worker could handle it; it lies in the dead-letter log.
    case deadLettered(reason: String)
    /// Stored, and waiting in the dead-letter log: it failed and parked its aggregate, or came behind one that did. It is decided when the aggregate is released.
    /// `letter` is its position in the dead-letter log.
    case parked(letter: Position, reason: String)

    public var description: String {
        switch self {
        case .refused(let reason): "refused: \(reason)"
        case .deadLettered(let reason): "could not be handled and lies in the dead-letter log: \(reason)"
        case .parked(_, let reason): "is parked with its aggregate until that is released: \(reason)"
        }
    }
}

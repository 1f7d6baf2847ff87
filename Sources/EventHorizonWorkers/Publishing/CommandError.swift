/// Why a command was not decided.
public enum CommandError: Error, Equatable, CustomStringConvertible {
    /// Not stored: it can never be. The reason names the value and the remedy.
    case refused(reason: String)
    /// Stored, but no worker could handle it; it lies in the dead-letter log.
    case deadLettered(reason: String)

    public var description: String {
        switch self {
        case .refused(let reason): "refused: \(reason)"
        case .deadLettered(let reason): "could not be handled and lies in the dead-letter log: \(reason)"
        }
    }
}

public import EventHorizon

/// A record of a log, as a test sees it.
public struct MemoryRecord: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case command(Envelope)
        case commit(Commit)
        case letter(DeadLetter)
        case undecodable(bytes: [UInt8], reason: String)
    }
    public var partition: Int
    public var position: Position
    public var content: Content

    public init(partition: Int, position: Position, content: Content) {
        self.partition = partition
        self.position = position
        self.content = content
    }

    /// The command, where it is one.
    public var command: Envelope? { if case .command(let envelope) = content { envelope } else { nil } }
    /// The commit, where it is one.
    public var commit: Commit? { if case .commit(let commit) = content { commit } else { nil } }
    /// The letter, where it is one.
    public var letter: DeadLetter? { if case .letter(let letter) = content { letter } else { nil } }
}

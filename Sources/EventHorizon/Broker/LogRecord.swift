/// A record of a log, as it lies there.
public struct LogRecord: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case command(Envelope)
        case commit(Commit)
        /// `message` is what the letter is about, where its record is a message that can be read; nil also where the letter holds only the place.
        case letter(DeadLetter, message: Envelope?)
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
    public var letter: DeadLetter? { if case .letter(let letter, _) = content { letter } else { nil } }
}

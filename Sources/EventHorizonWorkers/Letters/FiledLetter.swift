public import EventHorizon

/// A dead letter where it lies, and what became of it.
public struct FiledLetter: Sendable, Equatable {
    public var id: LetterID
    public var state: LetterState
    /// Nil where the record cannot be read.
    public var letter: DeadLetter?
    /// What the letter is about, where that can be read. Where a letter holds only the place, `DeadLetters.letter(_:)` alone looks there.
    public var message: Envelope?
    /// The id of its command, as a commit of its stream says; nil where none does.
    public var command: MessageID?
    /// Why its message could not be handled; where the record cannot be read, why not.
    public var reason: String

    public init(id: LetterID, state: LetterState, letter: DeadLetter?, message: Envelope?, command: MessageID? = nil, reason: String) {
        self.id = id
        self.state = state
        self.letter = letter
        self.message = message
        self.command = command
        self.reason = reason
    }

    init(_ record: LogRecord) {
        let id = LetterID(partition: record.partition, position: record.position)
        switch record.content {
        case .letter(let letter, let message): self.init(id: id, state: .unknown, letter: letter, message: message, reason: letter.reason)
        case .undecodable(_, let reason): self.init(id: id, state: .unreadable, letter: nil, message: nil, reason: reason)
        case .command, .commit: self.init(id: id, state: .unreadable, letter: nil, message: nil, reason: "it is no dead letter")
        }
    }
}

public import EventHorizon

/// Which dead letters are meant: those of which all holds that is said; without anything said, every one.
public struct LetterFilter: Sendable, Equatable {
    public var id: LetterID?
    /// Contained in the reason, letter for letter.
    public var reason: String?
    public var stream: StreamID?
    /// The durable name of the message's type.
    public var type: String?
    /// The group whose worker gave up.
    public var group: String?
    public var state: LetterState?

    public init(
        id: LetterID? = nil, reason: String? = nil, stream: StreamID? = nil, type: String? = nil, group: String? = nil, state: LetterState? = nil
    ) {
        self.id = id
        self.reason = reason
        self.stream = stream
        self.type = type
        self.group = group
        self.state = state
    }

    /// Whether nothing is said but the state.
    public var isOpen: Bool { id == nil && reason == nil && stream == nil && type == nil && group == nil }

    var range: LogRange {
        if let id { return LogRange(.deadLetters, from: id.position, in: id.partition) }
        return LogRange(.deadLetters, streams: stream.map { [$0] })
    }

    /// All but the state.
    func admits(_ letter: FiledLetter) -> Bool {
        if let id, letter.id != id { return false }
        if let reason, !letter.reason.contains(reason) { return false }
        if let stream, letter.letter?.stream != stream { return false }
        if let type, letter.letter?.type != type { return false }
        if let group, letter.letter?.group != group { return false }
        return true
    }
}

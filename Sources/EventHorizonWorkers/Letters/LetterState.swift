/// What became of a dead letter, as its stream's commits say.
public enum LetterState: String, Sendable, CaseIterable {
    /// It waits in its parked stream, to be released or dropped.
    case parked
    /// It was released, and its command decided.
    case decided
    /// It was given up by a command to drop it.
    case dropped
    /// It is final: its stream went on without it.
    case givenUp = "given-up"
    /// No commit names it, as where a worker died between the two: its command is decided elsewhere, or will be.
    case uncounted
    /// It is a projector's or a saga router's: its read model's checkpoint may say what became of it, no stream does.
    case unknown
    /// This build cannot read the record.
    case unreadable
}

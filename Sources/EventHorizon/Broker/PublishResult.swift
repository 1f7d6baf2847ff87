public enum PublishResult: Sendable, Equatable {
    /// Durable, at this position of the command's partition.
    case stored(Position)
    /// Not stored, and never will be: too large, for instance. The reason names the value and the remedy.
    case refused(reason: String)
}

/// The answer to what bore `token` in an outcome.
public struct SettleAnswer: Sendable {
    public enum Result: Sendable, Equatable {
        /// Durable, at this position: of the events log for a commit, of the commands log for a message, of the dead-letter log for a letter; of the log
        /// that is read for a try.
        case stored(Position)
        /// This very commit was stored before, there.
        case duplicate(Position)
        /// Another commit occupies the place, there.
        case conflict(Position)
        /// Not stored and never will be; the reason names the value and the remedy.
        case refused(reason: String)
    }
    public var token: Int
    public var result: Result
    public init(token: Int, result: Result) {
        self.token = token
        self.result = result
    }
}

/// The answer to a load. Empty for a stream that does not exist.
public struct LoadedStream: Sendable {
    public enum Result: Sendable {
        /// In order of commit number.
        case commits([StoredCommit])
        /// The message that a dead letter is about, as it was sent.
        case message(Envelope)
        /// A record of the stream cannot be read by this build: deploy a newer one.
        case unreadable(reason: String)
    }
    public var token: Int
    public var result: Result
    public init(token: Int, result: Result) {
        self.token = token
        self.result = result
    }
}

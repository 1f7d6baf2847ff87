/// A message that could not be handled, as it was read, with the reason.
public struct DeadLetter: Sendable, Equatable {
    public var place: Place
    /// The group whose worker gave up.
    public var group: String
    public var reason: String
    public var attempts: Int
    public var worker: String
    public var firstFailedAt: Timestamp
    public var lastFailedAt: Timestamp
    /// Whose message it is; nil where that cannot be trusted.
    public var stream: StreamID?
    /// The type that the message claims to be; empty where unknown.
    public var type: String
    /// The record as the broker gave it; empty where it was too large for a letter, and only `place` is left.
    public var record: [UInt8]
    public init(
        place: Place, group: String, reason: String, attempts: Int, worker: String, firstFailedAt: Timestamp, lastFailedAt: Timestamp,
        stream: StreamID?,
        type: String, record: [UInt8]
    ) {
        self.place = place
        self.group = group
        self.reason = reason
        self.attempts = attempts
        self.worker = worker
        self.firstFailedAt = firstFailedAt
        self.lastFailedAt = lastFailedAt
        self.stream = stream
        self.type = type
        self.record = record
    }
}

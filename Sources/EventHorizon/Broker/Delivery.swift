/// A record of the log that is read.
public struct Delivery: Sendable {
    public enum Content: Sendable {
        case command(Envelope)
        case commit(Commit)
        /// `stream` is nil where the record's own words cannot be trusted: random bytes, an empty id, headers that contradict the body.
        case undecodable(record: [UInt8], stream: StreamID?, type: String, reason: String)
        /// Records that the group did not ask for, up to this position.
        case skipped(count: Int)
    }
    public var partition: Int
    public var position: Position
    public var content: Content
    public init(partition: Int, position: Position, content: Content) {
        self.partition = partition
        self.position = position
        self.content = content
    }
}

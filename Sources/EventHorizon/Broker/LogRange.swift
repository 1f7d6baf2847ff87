/// What of a log is read without a group: all that lies in it, unless narrowed.
public struct LogRange: Sendable, Equatable {
    public var log: Log
    /// One partition's records; nil for every partition's.
    public var partition: Int?
    /// These streams' records, as far as they lie in the partition where the stream belongs; nil for every record.
    public var streams: Set<StreamID>?
    /// By partition: what lies after this position. All of a partition that is not named.
    public var after: [Int: Position]

    public init(_ log: Log, partition: Int? = nil, streams: Set<StreamID>? = nil, after: [Int: Position] = [:]) {
        self.log = log
        self.partition = partition
        self.streams = streams
        self.after = after
    }

    /// From one record on.
    public init(_ log: Log, from position: Position, in partition: Int) {
        let before = position > .start ? Position(position.rawValue - 1) : .start
        self.init(log, partition: partition, after: [partition: before])
    }
}

internal import EventHorizon

/// One log: partitions of records under one sequence, so that positions have gaps within a partition.
struct MemoryLog {
    struct Record {
        var position: Position
        /// What headers say on other brokers: enough to route, filter and skip without decoding.
        var stream: StreamID
        var type: String
        /// Of a commit: the categories of those who sent the commands that it decided.
        var senders: [Category]
        var bytes: [UInt8]
    }

    let incarnation: UInt64
    private(set) var partitions: [[Record]]
    private(set) var last = Position.start
    /// Of the events log alone: where each stream's commits lie in their partition.
    private(set) var streams: [StreamID: [Int]] = [:]

    init(incarnation: UInt64, partitionCount: Int) {
        self.incarnation = incarnation
        partitions = Array(repeating: [], count: partitionCount)
    }

    mutating func append(_ bytes: [UInt8], to partition: Int, stream: StreamID, type: String, senders: [Category] = [], isCommit: Bool = false) -> Position {
        last = Position(last.rawValue + 1)
        if isCommit { streams[stream, default: []].append(partitions[partition].count) }
        partitions[partition].append(Record(position: last, stream: stream, type: type, senders: senders, bytes: bytes))
        return last
    }

    /// The end of a partition.
    func end(of partition: Int) -> Position { partitions[partition].last?.position ?? .start }

    /// The index of a partition's first record after `position`.
    func index(after position: Position, in partition: Int) -> Int {
        var low = 0
        var high = partitions[partition].count
        while low < high {
            let middle = (low + high) / 2
            if partitions[partition][middle].position <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A stream's records in order.
    func records(of stream: StreamID, partition: Int) -> [Record] {
        (streams[stream] ?? []).map { partitions[partition][$0] }
    }
}

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

    mutating func append(_ bytes: [UInt8], to partition: Int, stream: StreamID, type: String, senders: [Category] = [], isCommit: Bool = false)
        -> Position
    {
        last = Position(last.rawValue + 1)
        if isCommit { streams[stream, default: []].append(partitions[partition].count) }
        partitions[partition].append(Record(position: last, stream: stream, type: type, senders: senders, bytes: bytes))
        return last
    }

    /// The end of a partition.
    func end(of partition: Int) -> Position { partitions[partition].last?.position ?? .start }

    /// The index of a partition's first record after `position`.
    func index(after position: Position, in partition: Int) -> Int {
        let records = partitions[partition]
        return firstIndex(upTo: records.count) { records[$0].position > position }
    }

    /// Where a stream's last commit lies; `.start` for a stream that does not exist.
    func end(of stream: StreamID, in partition: Int) -> Position {
        (streams[stream]?.last).map { partitions[partition][$0].position } ?? .start
    }

    /// A stream's first commit after `position`.
    func first(of stream: StreamID, in partition: Int, after position: Position) -> Record? {
        records(of: stream, in: partition, after: position).first.map { partitions[partition][$0] }
    }

    /// The indices of a stream's commits after `position`, in order.
    func records(of stream: StreamID, in partition: Int, after position: Position) -> ArraySlice<Int> {
        guard let indices = streams[stream] else { return [] }
        let records = partitions[partition]
        return indices[firstIndex(upTo: indices.count) { records[indices[$0]].position > position }...]
    }

    /// The first index at which `isThere` holds; it holds for every later one.
    private func firstIndex(upTo end: Int, where isThere: (Int) -> Bool) -> Int {
        var low = 0
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if isThere(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

public import EventHorizon
internal import EventHorizonWire

extension MemoryBroker {
    public func read(_ range: LogRange, _ body: ([LogRecord]) async throws -> Bool) async throws {
        let ends = withState { state in state.ends(of: range.log) }
        for partition in ends.indices where range.partition ?? partition == partition {
            var after = range.after[partition] ?? .start
            while after < ends[partition] {
                try checkCancellation()
                let (records, last) = withState { state in state.batch(of: range, in: partition, after: after, upTo: ends[partition]) }
                if !records.isEmpty, try await !body(records) { return }
                after = last
            }
        }
    }

    private func checkCancellation() throws {
        if Task.isCancelled { throw BrokerError(.cancelled, "reading the log of '\(application)' was cancelled") }
    }
}

extension MemoryState {
    fileprivate func ends(of log: Log) -> [Position] { self[log].partitions.indices.map { self[log].end(of: $0) } }

    /// The next records of a range in one partition, of which there are some before `end`, and how far it was looked.
    fileprivate func batch(of range: LogRange, in partition: Int, after: Position, upTo end: Position) -> (records: [LogRecord], last: Position) {
        let all = self[range.log].partitions[partition]
        var records: [LogRecord] = []
        var bytes = 0
        var index = self[range.log].index(after: after, in: partition)
        while index < all.count, all[index].position <= end, records.count < 1_024, bytes < 4 << 20 {
            let record = all[index]
            index += 1
            guard range.streams.map({ $0.contains(record.stream) && self.partition(of: record.stream.aggregate) == partition }) ?? true else {
                continue
            }
            bytes += record.bytes.count
            let content = record.bytes.withUnsafeBytes { codec.content(of: $0, in: range.log) }
            records.append(LogRecord(partition: partition, position: record.position, content: content))
        }
        return (records, all[index - 1].position)
    }
}

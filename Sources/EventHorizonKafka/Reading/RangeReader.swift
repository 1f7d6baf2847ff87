#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonWire

/// Reads a range of a log up to where its partitions end now, batch by batch. Blocks: for threads of our own, one at a time.
final class RangeReader: Sendable {
    /// A partition's offsets that are still to be read.
    struct Part: Sendable {
        let partition: Int
        var next: Int64
        let end: Int64
    }

    private static let batchRecords = 1_024
    private static let batchBytes = 4 << 20

    private let ready: Ready
    private let range: LogRange
    private let reading: LogReading

    init(_ range: LogRange, ready: Ready, by reading: LogReading) {
        self.ready = ready
        self.range = range
        self.reading = reading
    }

    /// What is to be read, as the log is now.
    func parts() throws -> [Part] {
        let belonging = range.streams.map { streams in Set(streams.map { Partitioner.partition(of: $0.aggregate, count: ready.partitionCount) }) }
        return try (0..<ready.partitionCount).filter { range.partition ?? $0 == $0 && belonging?.contains($0) ?? true }.map { partition in
            let bounds = try ready.admin.bounds(of: ready.names.topic(range.log), partition)
            // A position is the offset and one; what was trimmed is not there to be read.
            let start = Int64(clamping: (range.after[partition] ?? .start).rawValue)
            return Part(partition: partition, next: max(bounds.lowerBound, start), end: bounds.upperBound)
        }
    }

    /// The next records, none where no further one is wanted, and the offset to go on from.
    func batch(of part: Part, isCancelled: () -> Bool) throws -> (records: [LogRecord], next: Int64) {
        let codec = WireCodec()
        var records: [LogRecord] = []
        var next = part.next
        var bytes = 0
        let isWhole = try reading.read(
            ready.names.topic(range.log), part.partition, from: part.next, to: part.end,
            isStopped: { records.count >= Self.batchRecords || bytes >= Self.batchBytes || isCancelled() }
        ) { message in
            next = message.pointee.offset + 1
            // What stands beside the body may not say whose it is.
            guard range.streams.map({ streams in message.stream.map(streams.contains) ?? true }) ?? true else { return }
            let content = codec.content(of: message.body, in: range.log)
            guard range.streams.map({ streams in content.stream.map(streams.contains) ?? true }) ?? true else { return }
            bytes += message.body.count
            records.append(LogRecord(partition: part.partition, position: Position(UInt64(next)), content: content))
        }
        return (records, isWhole ? part.end : next)
    }
}

extension LogRecord.Content {
    /// Whose it is; nil where the record does not say.
    fileprivate var stream: StreamID? {
        switch self {
        case .command(let command): command.stream
        case .commit(let commit): commit.stream
        case .letter(let letter, _): letter.stream
        case .undecodable: nil
        }
    }
}
#endif

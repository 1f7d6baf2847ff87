#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

/// Reads back what few ask for, one by one: dead letters, where a parked stream is released, and for groups without a replica what of a stream was held
/// back. Its thread and its client are made for the first.
final class RecordReader: Sendable {
    /// Of the thread alone.
    private let reading: LogReading
    private let thread = Monitor<WorkThread?>(nil)
    private let isStopped = Monitor(false)
    private let ready: Ready
    private let answer: @Sendable (Replica.Answer) -> Void

    init(_ configuration: KafkaConfiguration, ready: Ready, group: String, _ answer: @escaping @Sendable (Replica.Answer) -> Void) {
        reading = LogReading(configuration: configuration, group: group)
        self.ready = ready
        self.answer = answer
    }

    func load(_ load: Outcome.Load, epoch: UInt64) {
        do {
            let thread = try thread.change { thread in
                let started = try thread ?? WorkThread()
                thread = started
                return started
            }
            thread.add { [self] in
                answer(.loaded(load, epoch: epoch, result(of: load), end: nil))
            }
        } catch {
            answer(.loaded(load, epoch: epoch, .unreadable(reason: "no thread could be made to read '\(load.stream)': \(error)"), end: nil))
        }
    }

    private func result(of load: Outcome.Load) -> LoadedStream.Result {
        switch load.extent {
        case .letter(let position): message(of: load, at: position)
        case .whole: commits(of: load, after: .start)
        case .after(let position): commits(of: load, after: position)
        case .last: commits(of: load, after: .start)
        }
    }

    /// Every commit of the stream behind a position, found by reading all that lies there in its partition.
    private func commits(of load: Outcome.Load, after position: Position) -> LoadedStream.Result {
        var commits: [StoredCommit] = []
        do {
            let range = LogRange(.events, partition: load.partition, streams: [load.stream], after: [load.partition: position])
            let reader = RangeReader(range, ready: ready, by: reading)
            for var part in try reader.parts() {
                while part.next < part.end, !isStopped.read({ $0 }) {
                    let (records, next) = try reader.batch(of: part) { isStopped.read { $0 } }
                    for record in records {
                        guard let commit = record.commit else {
                            return .unreadable(reason: "position \(record.position) of the events log holds no commit that this build can read")
                        }
                        commits.append(StoredCommit(commit: commit, position: record.position))
                    }
                    part.next = next
                }
            }
        } catch {
            return .unreadable(reason: "the events of '\(load.stream)' cannot be read: \(error)")
        }
        return .commits(load.extent == .last ? commits.suffix(1) : commits)
    }

    private func message(of load: Outcome.Load, at position: Position) -> LoadedStream.Result {
        let codec = WireCodec()
        do {
            guard let bytes = try record(in: .deadLetters, load.partition, at: position) else {
                return .unreadable(reason: "there is no dead letter of '\(load.stream)' at position \(position)")
            }
            let letter = try bytes.withUnsafeBytes { try codec.decodeDeadLetter($0) }
            var message = letter.record
            if message.isEmpty { message = try record(in: letter.place.log, letter.place.partition, at: letter.place.position) ?? [] }
            return .message(try message.withUnsafeBytes { try codec.decodeEnvelope($0) })
        } catch {
            return .unreadable(reason: "the dead letter of '\(load.stream)' at position \(position) cannot be read: \(error)")
        }
    }

    private func record(in log: Log, _ partition: Int, at position: Position) throws -> [UInt8]? {
        let offset = Int64(position.rawValue) - 1
        var found: [UInt8]?
        _ = try reading.read(ready.names.topic(log), partition, from: offset, to: offset + 1, isStopped: { isStopped.read { $0 } }) { message in
            if message.pointee.offset == offset { found = [UInt8](message.body) }
        }
        return found
    }

    /// Ends what is being read.
    func stop() {
        isStopped.change { $0 = true }
        thread.read { $0 }?.stop()
    }
}
#endif

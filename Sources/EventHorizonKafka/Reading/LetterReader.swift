#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

/// Reads dead letters back, one by one: only where a parked stream is released. Its thread and its client are made for the first.
final class LetterReader: Sendable {
    /// Of the thread alone.
    private let reading: LogReading
    private let thread = Monitor<WorkThread?>(nil)
    private let isStopped = Monitor(false)
    private let names: Names
    private let answer: @Sendable (Replica.Answer) -> Void

    init(_ configuration: KafkaConfiguration, names: Names, group: String, _ answer: @escaping @Sendable (Replica.Answer) -> Void) {
        reading = LogReading(configuration: configuration, group: group)
        self.names = names
        self.answer = answer
    }

    func load(_ load: Outcome.Load, at position: Position, epoch: UInt64) {
        do {
            let thread = try thread.change { thread in
                let started = try thread ?? WorkThread()
                thread = started
                return started
            }
            thread.add { [self] in
                answer(.loaded(load, epoch: epoch, result(of: load, at: position), end: nil))
            }
        } catch {
            answer(
                .loaded(load, epoch: epoch, .unreadable(reason: "no thread could be made to read the dead letter at \(position): \(error)"), end: nil)
            )
        }
    }

    private func result(of load: Outcome.Load, at position: Position) -> LoadedStream.Result {
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
        _ = try reading.read(names.topic(log), partition, from: offset, to: offset + 1, isStopped: { isStopped.read { $0 } }) { message in
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

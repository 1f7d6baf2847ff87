import EventHorizonWorkers
import ServerSupport
import Synchronization

/// Keeps the last signals of all workers, for who wants to know why it went wrong.
final class KeptSignals: Sendable {
    private let lines = Mutex<[String]>([])

    var tail: String {
        let lines = lines.withLock { $0 }
        return lines.isEmpty ? "the workers said nothing" : lines.joined(separator: "\n")
    }

    func instrument(_ worker: String) -> some Instrument { Keeper(worker: worker, kept: self) }

    private struct Keeper: Instrument {
        let worker: String
        let kept: KeptSignals

        func receive(_ signal: Signal) {
            let line = signal.logLine
            let fields = line.fields.map { " \($0.name)=\($0.value)" }.joined()
            kept.lines.withLock { lines in
                lines.append("\(worker): \(line.severity) \(line.message)\(fields)")
                if lines.count > 40 { lines.removeFirst(lines.count - 40) }
            }
        }
    }
}

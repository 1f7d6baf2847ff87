import EventHorizon
import EventHorizonWorkers
import Glibc
import Synchronization

/// Says `ready` on standard output when a worker holds every partition.
final class ReadySign: Instrument {
    private let partitions: Int
    private let claimed = Mutex(0)

    init(partitions: Int) { self.partitions = partitions }

    func receive(_ signal: Signal) {
        guard case .partitionClaimed = signal else { return }
        let count = claimed.withLock { claimed in
            claimed += 1
            return claimed
        }
        guard count == partitions else { return }
        print("ready")
        fflush(nil)
    }
}

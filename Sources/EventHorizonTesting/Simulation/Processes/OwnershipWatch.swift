internal import EventHorizon
internal import EventHorizonWorkers
internal import Synchronization

/// Hears from every worker which partitions it holds, and says where two that run hold one for longer than a fault explains.
final class OwnershipWatch: Sendable {
    private struct Key: Hashable {
        var group: String
        var partition: Int
    }

    private struct State {
        var holders: [Key: [Int]] = [:]
        /// Since when more than one holds it.
        var sharedSince: [Key: Instant] = [:]
        /// Stopped by a fault: it cannot know.
        var stopped: Set<Int> = []
        var problems: [String] = []
    }

    private let clock: any WorkerClock
    private let limit: Duration
    private let state = Mutex(State())

    init(clock: any WorkerClock, limit: Duration) {
        self.clock = clock
        self.limit = limit
    }

    var problems: [String] { state.withLock { $0.problems } }

    func instrument(of process: Int) -> any Instrument { Ear(watch: self, process: process) }

    func stopped(_ process: Int) { change { $0.stopped.insert(process) } }
    func resumed(_ process: Int) { change { $0.stopped.remove(process) } }
    func ended(_ process: Int) {
        change { state in
            for key in state.holders.keys { state.holders[key]?.removeAll { $0 == process } }
            state.stopped.remove(process)
        }
    }

    /// Takes a last look.
    func close() { change { _ in } }

    private func hears(_ signal: Signal, from process: Int) {
        switch signal {
        case .partitionClaimed(let group, let partition, _, _):
            change { $0.holders[Key(group: group, partition: partition), default: []].append(process) }
        case .partitionReleased(let group, let partition), .partitionLost(let group, let partition):
            change { $0.holders[Key(group: group, partition: partition)]?.removeAll { $0 == process } }
        default: break
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let now = clock.now
        state.withLock { state in
            body(&state)
            for (key, holders) in state.holders {
                let count = holders.count { !state.stopped.contains($0) }
                if count < 2 {
                    state.sharedSince[key] = nil
                } else if let since = state.sharedSince[key] {
                    if now - since > limit {
                        state.sharedSince[key] = now
                        let names = holders.map { "\($0)" }.joined(separator: " and ")
                        state.problems.append(
                            "partition \(key.partition) of group '\(key.group)' is held by the processes \(names) at once for more than \(limit)")
                    }
                } else {
                    state.sharedSince[key] = now
                }
            }
        }
    }

    private struct Ear: Instrument {
        let watch: OwnershipWatch
        let process: Int
        func receive(_ signal: Signal) { watch.hears(signal, from: process) }
    }
}

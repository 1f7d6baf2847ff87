import EventHorizonWorkers
import Synchronization

/// Times each row from when its command was due to when its transaction was committed.
final class CommitClock: Instrument {
    private struct State {
        var open: [Double] = []
        var latencies: [Double] = []
        var rows = 0
        var lastCommit = 0.0
    }
    private let state = Mutex(State())
    private let keepsLatencies: Bool

    init(keepsLatencies: Bool) { self.keepsLatencies = keepsLatencies }

    func wrote(dueAt due: Double) { state.withLock { $0.open.append(due) } }

    /// A batch is told after its transaction.
    func receive(_ signal: Signal) {
        guard case .batchSettled = signal else { return }
        let time = MachineClock.seconds
        state.withLock { state in
            guard !state.open.isEmpty else { return }
            if keepsLatencies { for due in state.open { state.latencies.append(time - due) } }
            state.rows += state.open.count
            state.open.removeAll(keepingCapacity: true)
            state.lastCommit = time
        }
    }

    var rows: Int { state.withLock { $0.rows } }
    func wait(for count: Int) async throws {
        while rows < count { try await Task.sleep(for: .milliseconds(5)) }
    }
    var lastCommit: Double { state.withLock { $0.lastCommit } }
    var latencies: [Double] { state.withLock { $0.latencies } }
}

import Synchronization

/// How often each thing was done.
final class FaultTally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func add(_ name: String, _ count: Int = 1) { counts.withLock { $0[name, default: 0] += count } }
    var all: [(name: String, count: Int)] { counts.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } } }
}

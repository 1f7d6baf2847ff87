import Glibc
import Synchronization

/// The run's lines, as they happen, each with its time.
final class Journal: Sendable {
    let clock: RunClock
    private let lock = Mutex(())
    init(clock: RunClock) { self.clock = clock }

    func note(_ text: String) {
        let time = RunClock.text(clock.now)
        write(String(repeating: " ", count: max(0, 6 - time.count)) + time + "  " + text)
    }

    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        lock.withLock { _ in _ = Glibc.write(STDOUT_FILENO, bytes, bytes.count) }
    }
}

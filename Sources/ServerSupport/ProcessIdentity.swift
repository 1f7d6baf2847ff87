internal import Glibc

/// A process beyond its number, which the system gives to another when it has ended: its start is told too.
package struct ProcessIdentity: Sendable, Equatable {
    package let pid: Int32
    /// In the kernel's ticks since the machine's start.
    package let start: UInt64

    package init(pid: Int32, start: UInt64) {
        self.pid = pid
        self.start = start
    }

    /// Nil where there is no such process, or only its exit status is left of it.
    package init?(_ pid: Int32) {
        guard let file = try? Descriptor.open("/proc/\(pid)/stat", O_RDONLY) else { return nil }
        // The program's name, in brackets, may hold anything. State is the first field after it, the start is the 20th.
        let fields = file.contents().split(separator: ")").last.map { $0.split(separator: " ") } ?? []
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let start = UInt64(fields[19]) else { return nil }
        self.init(pid: pid, start: start)
    }

    package var isRunning: Bool { ProcessIdentity(pid) == self }

    /// Sends a signal if it runs.
    package func send(signal: Int32) {
        if isRunning { kill(pid, signal) }
    }

    /// True when it has ended within `limit`.
    package func ends(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while isRunning {
            guard ContinuousClock.now < deadline else { return false }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return true
    }
}

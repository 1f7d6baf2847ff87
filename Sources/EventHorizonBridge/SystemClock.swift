public import EventHorizon
internal import Glibc

/// The operating system's clocks: `CLOCK_MONOTONIC` to wait by, `CLOCK_REALTIME` to stamp with.
public struct SystemClock: WorkerClock {
    public init() {}

    public var now: Instant {
        let time = read(CLOCK_MONOTONIC)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    public var time: Timestamp {
        let time = read(CLOCK_REALTIME)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    public func sleep(until instant: Instant) async {
        let now = self.now
        guard now < instant else { return }
        // Throws only when the task is cancelled, and then to return early is what was promised.
        try? await Task.sleep(for: instant - now)
    }

    private func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(result == 0, "the operating system has no clock \(clock)")
        return time
    }
}

extension Surroundings {
    /// The operating system's clock and randomness, no failpoints.
    public static var system: Surroundings { Surroundings(clock: SystemClock()) }
}

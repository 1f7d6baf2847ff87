internal import EventHorizon
internal import Glibc

/// The process's monotonic clock and the machine's calendar, for a broker that was given no surroundings.
struct MemoryClock: WorkerClock {
    private static let start = ContinuousClock.now

    var now: Instant { Instant(nanoseconds: UInt64(max(0, Self.start.duration(to: .now).nanoseconds))) }

    var time: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    func sleep(until instant: Instant) async {
        // Thrown only when the task is cancelled, which is an early return here.
        try? await Task.sleep(for: instant - now)
    }
}

import Glibc

/// The operating system's monotonic clock.
public enum MonotonicTime {
    /// In nanoseconds since a start of the system's own.
    public static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

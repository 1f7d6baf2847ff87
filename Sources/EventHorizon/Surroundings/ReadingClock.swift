/// The process's monotonic clock, for waiting on a read model outside a worker.
public struct ReadingClock: WorkerClock {
    public init() {}
    private static let start = ContinuousClock.now
    public var now: Instant { Instant(nanoseconds: UInt64(max(0, Self.start.duration(to: .now).nanoseconds))) }
    /// Zero: readers stamp nothing.
    public var time: Timestamp { Timestamp(nanoseconds: 0) }
    public func sleep(until instant: Instant) async {
        try? await Task.sleep(for: instant - now)
    }
}

public protocol WorkerClock: Sendable {
    /// Monotonic: for waiting.
    var now: Instant { get }
    /// Of the calendar: for stamping messages. May jump.
    var time: Timestamp { get }
    /// Returns at `instant`, or earlier with the task cancelled.
    func sleep(until instant: Instant) async
}

/// Everything that a worker takes from outside its messages: time, ids and failpoints. A test or a simulator brings its own.
public struct Surroundings: Sendable {
    public var clock: any WorkerClock
    public var randomness: any Randomness
    public var failpoints: (any Failpoints)?

    public init(clock: any WorkerClock, randomness: any Randomness = SystemRandomness(), failpoints: (any Failpoints)? = nil) {
        self.clock = clock
        self.randomness = randomness
        self.failpoints = failpoints
    }

    /// An id that sorts by time.
    public func makeID() -> MessageID {
        MessageID(at: clock.time, random: (randomness.next(), randomness.next()))
    }

    /// Called by the worker at each named step; free when nobody listens.
    @inlinable
    public func reach(_ step: Failpoint) {
        if let failpoints { failpoints.reach(step) }
    }
}

/// A moment of a monotonic clock, in nanoseconds since a start of that clock's own.
public struct Instant: Hashable, Comparable, Sendable {
    public var nanoseconds: UInt64
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
    public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func + (instant: Self, duration: Duration) -> Self {
        Self(nanoseconds: instant.nanoseconds &+ UInt64(max(0, duration.nanoseconds)))
    }
    public static func - (a: Self, b: Self) -> Duration { .nanoseconds(Int64(bitPattern: a.nanoseconds &- b.nanoseconds)) }
}

extension Duration {
    /// The whole duration, saturating.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isJustTooLong) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooLong || isJustTooLong ? (seconds < 0 ? .min : .max) : sum
    }
}

public protocol WorkerClock: Sendable {
    /// Monotonic: for waiting.
    var now: Instant { get }
    /// Of the calendar: for stamping messages. May jump.
    var time: Timestamp { get }
    /// Returns at `instant`, or earlier with the task cancelled.
    func sleep(until instant: Instant) async
}

public protocol Randomness: Sendable {
    func next() -> UInt64
}

/// The named steps of a worker's loop, at which a test may kill it.
public enum Failpoint: String, Sendable, CaseIterable {
    case afterRead, afterDecide, afterAppend, inTransaction, afterRows
}

public protocol Failpoints: Sendable {
    /// May end the process, trap, or do nothing.
    func reach(_ step: Failpoint)
}

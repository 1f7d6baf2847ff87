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

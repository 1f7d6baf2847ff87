/// Everything that a worker takes from outside its messages: time, ids and failpoints. A test or a simulator brings its own.
public struct Surroundings: Sendable {
    public var clock: any WorkerClock
    public var randomness: any Randomness
    public var failpoints: (any Failpoints)?
    /// Of all loops that end when one of them traps.
    public var turnstile: Turnstile

    public init(
        clock: any WorkerClock, randomness: any Randomness = SystemRandomness(), failpoints: (any Failpoints)? = nil,
        turnstile: Turnstile = .ofProcess
    ) {
        self.clock = clock
        self.randomness = randomness
        self.failpoints = failpoints
        self.turnstile = turnstile
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

internal import EventHorizon

/// How often and how long a failing message is tried in place before it becomes a dead letter. Its aggregate waits meanwhile, others go on.
public struct RetryPolicy: Sendable, Equatable {
    /// The wait before the second attempt; it doubles from there.
    public var firstDelay: Duration
    public var longestDelay: Duration
    /// All attempts and waits together.
    public var budget: Duration

    public init(firstDelay: Duration = .milliseconds(50), longestDelay: Duration = .seconds(2), budget: Duration = .seconds(10)) {
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.budget = budget
    }

    /// The wait after `attempt` (1-based) attempts: exponential, with half of it random so that failing lanes do not march in step.
    func delay(after attempt: Int, random: UInt64) -> Duration {
        var delay = firstDelay
        for _ in 1..<max(attempt, 1) where delay < longestDelay { delay *= 2 }
        delay = min(delay, longestDelay)
        let half = delay.nanoseconds / 2
        return .nanoseconds(half + (half > 0 ? Int64(random % UInt64(half)) : 0))
    }
}

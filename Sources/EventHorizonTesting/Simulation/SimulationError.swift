public import EventHorizon

/// Why a simulation ended before what it ran.
public struct SimulationError: Error, CustomStringConvertible {
    /// Nothing was ready and no timer was set; otherwise the time was up.
    public var isStalled: Bool
    public var seed: UInt64
    /// The virtual time at the end.
    public var now: Instant

    public init(isStalled: Bool, seed: UInt64, now: Instant) {
        self.isStalled = isStalled
        self.seed = seed
        self.now = now
    }

    public var description: String {
        let time = Duration.nanoseconds(Int64(clamping: now.nanoseconds))
        return isStalled
            ? "seed \(seed) stalled after \(time) of virtual time: nothing is ready and no timer is set"
            : "seed \(seed) was not done after \(time) of virtual time"
    }
}

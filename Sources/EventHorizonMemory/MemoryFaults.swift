/// What goes wrong in a `MemoryBroker`, drawn from a seed: the same seed and the same calls in the same order give the same faults.
///
/// Each switch is a probability from 0, never, to 1, always; all are off until set.
public struct MemoryFaults: Sendable, Equatable {
    /// Where the draws begin. Print it when a test fails.
    public var seed: UInt64
    /// An append, a message or a letter is stored at once and answered after a delay.
    public var lateAnswer = 0.0
    /// An append is stored, and answered as `.duplicate`, as after a repeat whose first answer was lost.
    public var duplicateAnswer = 0.0
    /// A turn of a member loses one of its partitions, as by a lease that ran out. Drawn once a turn.
    public var lostPartition = 0.0
    /// A partition's reader restarts: deliveries begin again after the recorded progress. Drawn once a turn.
    public var readerRestart = 0.0
    /// A published command is stored twice, under one id at two positions, as after a repeat whose first answer was lost. `publish` answers with the
    /// first.
    public var doubledMessage = 0.0
    /// A partition's deliveries are held up for a delay. Drawn once a turn and partition that has something to deliver.
    public var lateDelivery = 0.0
    /// Progress is recorded only with the progress that is said next, or with the release.
    public var lateProgress = 0.0
    /// The shortest and the longest delay.
    public var delay: ClosedRange<Duration> = .milliseconds(1) ... .milliseconds(50)
    /// A member that calls `next` no more for longer than this may lose its partitions to other members; nil: never. Measured by the injected clock.
    public var lease: Duration?

    public init(seed: UInt64) { self.seed = seed }
}

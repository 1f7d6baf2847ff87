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
    /// A member loses one of its partitions, as by a lease that ran out. Drawn once a turn, and, but with `atomicSettle`, once an outcome, of whose
    /// loss the member does not know yet.
    public var lostPartition = 0.0
    /// A partition's reader restarts: deliveries begin again after the recorded progress. Drawn once a turn.
    public var readerRestart = 0.0
    /// A published command is stored twice, under one id at two positions, as after a repeat whose first answer was lost. `publish` answers with the
    /// first.
    public var doubledMessage = 0.0
    /// A command is stored once more after a delay of `repeatDelay`: what a broker that recognises repeats for a while only lets through.
    public var repeatedMessage = 0.0
    /// The answer to an append is lost. It was stored, or it is under way and reaches the log later, whatever became of its member meanwhile, or never
    /// does. After a delay it is appended again, and answered by what occupies its place. Not with `atomicSettle`.
    public var unansweredAppend = 0.0
    /// The answer to a message or a published command is lost: stored, under way or never stored. After a delay it is sent again under the same id; later
    /// ones of its stream by the same sender wait for it. With `atomicSettle` of published commands alone.
    public var unansweredMessage = 0.0
    /// A stream is read as it was some commits ago, at most twice in a row.
    public var staleRead = 0.0
    /// Of an outcome only a part is stored, in the order appends, messages, letters, progress; the partitions of the rest are lost. Not with `atomicSettle`.
    public var tornOutcome = 0.0
    /// What a member submits for a partition that it lost and was not told of is stored all the same, without its progress. Drawn once an outcome. Not with
    /// `atomicSettle`.
    public var unfencedOutcome = 0.0
    /// What an outcome stores of a partition is given up as a whole, as by a transaction that was aborted, and the partition is lost. Drawn once an outcome and
    /// partition. Only with `atomicSettle`.
    public var abortedOutcome = 0.0
    /// What an outcome stores of a partition is stored as a whole and nobody is told, as after a transaction whose end was not answered; the partition is
    /// lost. Drawn once an outcome and partition. Only with `atomicSettle`.
    public var unansweredOutcome = 0.0
    /// A partition's deliveries are lost on their way. Its reader notices by the gap and begins again before it. Drawn once a turn and partition.
    public var lostDelivery = 0.0
    /// A partition's deliveries are held up for a delay. Drawn once a turn and partition that has something to deliver.
    public var lateDelivery = 0.0
    /// Progress is recorded only with the progress that is said next, or with the release.
    public var lateProgress = 0.0
    /// The shortest and the longest delay.
    public var delay: ClosedRange<Duration> = .milliseconds(1) ... .milliseconds(50)
    /// After how long a message is repeated, at the shortest and the longest.
    public var repeatDelay: ClosedRange<Duration> = .milliseconds(1) ... .seconds(30)
    /// A member that calls `next` no more for longer than this may lose its partitions to other members; nil: never. Measured by the injected clock.
    public var lease: Duration?

    public init(seed: UInt64) { self.seed = seed }

    /// Every switch with its name.
    public static var switches: [(name: String, probability: WritableKeyPath<MemoryFaults, Double>)] {
        [
            ("lateAnswer", \.lateAnswer), ("duplicateAnswer", \.duplicateAnswer), ("unansweredAppend", \.unansweredAppend),
            ("unansweredMessage", \.unansweredMessage), ("doubledMessage", \.doubledMessage), ("repeatedMessage", \.repeatedMessage),
            ("staleRead", \.staleRead), ("lateDelivery", \.lateDelivery), ("lostDelivery", \.lostDelivery), ("readerRestart", \.readerRestart),
            ("lostPartition", \.lostPartition), ("tornOutcome", \.tornOutcome), ("unfencedOutcome", \.unfencedOutcome),
            ("lateProgress", \.lateProgress), ("abortedOutcome", \.abortedOutcome), ("unansweredOutcome", \.unansweredOutcome),
        ]
    }
}

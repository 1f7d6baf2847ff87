public import EventHorizon

/// Everything that a worker tells: one case for each thing that happens. `group` is the durable name of the handler it happened to.
public enum Signal: Sendable, Equatable {
    /// The worker has joined a group and waits for partitions.
    case started(group: String, member: String)
    case partitionClaimed(group: String, partition: Int, progress: Position, unclean: Bool)
    case partitionReleased(group: String, partition: Int)
    /// Another member took the partition, or the record of its owner could not be kept.
    case partitionLost(group: String, partition: Int)
    /// Owners died one after the other and settled nothing: what lies after this position is worked one message at a time for a while, so that one that they
    /// die of is found. `tried`: the message that the last one died of, alone with it, and how many did; nil where that is not known.
    case workedSingly(group: String, partition: Int, after: Position, tried: Position?, attempts: Int)
    /// Once per turn of the loop in which something was settled.
    case batchSettled(group: String, BatchCounts)
    /// An append met another commit: the aggregate is loaded again and decides again.
    case conflict(group: String, stream: StreamID)
    /// A handler failed and is tried again in place; without a stream and a kind: the read model's store is waited for.
    case retried(group: String, stream: StreamID?, kind: FailurePolicy.Kind?, attempt: Int, reason: String, next: Duration)
    /// A message is given up; without a kind: it came behind another of its stream.
    case deadLettered(group: String, stream: StreamID?, kind: FailurePolicy.Kind?, type: String, reason: String)
    /// A stream is parked: its commands become letters, or its events are held back, until it is released.
    case parked(group: String, stream: StreamID, kind: FailurePolicy.Kind, reason: String)
    /// A stream is parked no more: its letters are handled, or dropped.
    case released(group: String, stream: StreamID)
    /// A message lay in a partition that is not its aggregate's, and was sent to the right one.
    case forwarded(group: String, stream: StreamID)
    /// A record was written by a newer build: the partition waits for one.
    case futureMet(group: String, partition: Int, reason: String)
    /// Work is there and none was settled for this long.
    case progressStalled(group: String, partition: Int, since: Duration)
    case progressResumed(group: String, partition: Int)
    case brokerLost(group: String, reason: String)
    case brokerRestored(group: String)
    /// The broker fell silent on a partition; reading began again where it was.
    case readerRestarted(group: String, partition: Int, reason: String)
    /// The broker asked for something that cannot be done now and is tried again.
    case brokerRefused(group: String, reason: String)
    /// A setting of the broker may cost what it acknowledged; told when the worker starts.
    case brokerDangerous(group: String, reason: String)
    case draining(group: String)
    case drained(group: String)
}

/// What one turn settled.
public struct BatchCounts: Sendable, Equatable {
    /// Deliveries that are done with, skipped ones not counted.
    public var deliveries = 0
    public var commits = 0
    public var events = 0
    public var rejections = 0
    /// Repeats that were recognised and answered as before.
    public var duplicates = 0
    /// Records that the group did not ask for.
    public var skipped = 0
    /// Commands sent on by a saga or its router.
    public var effects = 0
    public init() {}
    public var isEmpty: Bool { self == BatchCounts() }
}

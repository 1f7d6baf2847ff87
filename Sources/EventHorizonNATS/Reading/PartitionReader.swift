#if NATS
import EventHorizon

/// How far a partition that a member holds was read.
struct PartitionReader {
    /// The last position delivered or passed over.
    var position: Position
    /// Deliveries that are not finished.
    var unfinished = 0
    /// Records passed over since the last delivery.
    var skipped = 0
    var skippedTo = Position.start

    init(after position: Position) { self.position = position }
}

/// One pull consumer of a member: of a partition, or of the whole log.
struct LogReader {
    /// Names the subscription; grows with each consumer, so that what an older one still sends is told apart. Nil before the first.
    var source: UInt64?
    let filter: String
    var pull: PullReader
}
#endif

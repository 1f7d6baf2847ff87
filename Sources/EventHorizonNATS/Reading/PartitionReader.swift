#if NATS
import EventHorizon

/// The reader of one partition that a member holds: its pull consumer, and how far it has delivered.
struct PartitionReader {
    /// Names the subscription; grows with each consumer, so that what an older one still sends is told apart.
    var source: UInt64 = 0
    let filter: String
    var pull: PullReader
    /// The last position delivered.
    var position: Position
    /// Records passed over since the last delivery.
    var skipped = 0
    var skippedTo = Position.start

    init(filter: String, pull: PullReader, after position: Position) {
        self.filter = filter
        self.pull = pull
        self.position = position
    }
}
#endif

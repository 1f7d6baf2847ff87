/// What has happened since the last turn.
public struct Turn: Sendable {
    /// Partitions that the member holds from now on. Nothing is delivered until `Outcome.starts` says from where.
    public var claimed: [Claim] = []
    /// Partitions that another member is to have: finish what is in hand, then put them into `Outcome.releases`. No further delivery comes.
    public var revoked: [Int] = []
    /// Partitions that are lost already: what was submitted for them is answered no more and may or may not have been stored.
    public var lost: [Int] = []
    /// In order of position within a partition.
    public var deliveries: [Delivery] = []
    public var answers: [SettleAnswer] = []
    public var loaded: [LoadedStream] = []
    public var notices: [BrokerNotice] = []
    /// The task is cancelled: stop the intake, settle what is in hand, release every partition.
    public var isDraining = false

    public init() {}

    public var isEmpty: Bool {
        claimed.isEmpty && revoked.isEmpty && lost.isEmpty && deliveries.isEmpty && answers.isEmpty && loaded.isEmpty && notices.isEmpty
    }

    public mutating func removeAll() {
        claimed.removeAll(keepingCapacity: true)
        revoked.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        deliveries.removeAll(keepingCapacity: true)
        answers.removeAll(keepingCapacity: true)
        loaded.removeAll(keepingCapacity: true)
        notices.removeAll(keepingCapacity: true)
        isDraining = false
    }
}

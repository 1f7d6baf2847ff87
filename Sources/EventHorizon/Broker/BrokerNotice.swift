/// What a broker has to tell.
public enum BrokerNotice: Sendable, Equatable {
    case connectionLost(reason: String)
    case connectionRestored
    /// Nothing was heard for a partition that should have been; reading begins again.
    case readerRestarted(partition: Int, reason: String)
    /// An append has been unanswered for long, or the partition cannot be claimed.
    case stalled(partition: Int, reason: String)
    /// A setting of the broker that may cost records which were acknowledged; the reason names it, its value and the remedy.
    case dangerous(reason: String)
}

public import EventHorizonMemory

/// What a real broker does now and then, and the memory broker on request: each is a switch of `MemoryFaults` with a name of its own.
///
/// The sets are what a broker is known for: a worker has to keep its promises under all of one set at once.
public enum BrokerQuirk: String, CaseIterable, Sendable {
    /// Appends are stored, under way or never stored, and not answered: the unknown.
    case unansweredAppend
    /// The same for messages and published commands.
    case unansweredMessage
    /// An append is answered as a repeat of itself.
    case duplicateAnswer
    /// Answers come late.
    case lateAnswer
    /// Streams are read as they were.
    case staleRead
    /// Commands are stored twice, at once.
    case doubledMessage
    /// Commands are stored again later, after whatever the broker recognises as a repeat.
    case repeatedMessage
    /// Deliveries come late.
    case lateDelivery
    /// Deliveries are lost on their way, until the gap is noticed.
    case lostDelivery
    /// Reading begins again at the recorded progress.
    case readerRestart
    /// Partitions are lost, as by a lease that ran out.
    case lostPartition
    /// Outcomes are stored in part, and their partitions lost.
    case tornOutcome
    /// What a member does after its loss, before it knows of it, is stored where its conditions hold.
    case unfencedOutcome
    /// Progress is recorded late.
    case lateProgress
    /// A partition's transaction is aborted, and the partition lost.
    case abortedOutcome
    /// A partition's transaction is committed, its member never hears of it and loses the partition.
    case unansweredOutcome

    /// Progress is a record of its own, written after what it covers; an append is fenced by its stream's last commit alone.
    public static let jetStream = Set(allCases).subtracting([.abortedOutcome, .unansweredOutcome])

    /// What an outcome stores of a partition, its progress included, is a transaction: for `SimulationFaults.atomicSettle`. What is open hides what lies behind
    /// it, so that readers are late; a zombie's transaction is refused.
    public static let kafka: Set<BrokerQuirk> = Set(allCases).subtracting([
        .unansweredAppend, .duplicateAnswer, .tornOutcome, .unfencedOutcome, .lateProgress,
    ])

    /// Its switch.
    public var probability: WritableKeyPath<MemoryFaults, Double> {
        switch self {
        case .unansweredAppend: \.unansweredAppend
        case .unansweredMessage: \.unansweredMessage
        case .duplicateAnswer: \.duplicateAnswer
        case .lateAnswer: \.lateAnswer
        case .staleRead: \.staleRead
        case .doubledMessage: \.doubledMessage
        case .repeatedMessage: \.repeatedMessage
        case .lateDelivery: \.lateDelivery
        case .lostDelivery: \.lostDelivery
        case .readerRestart: \.readerRestart
        case .lostPartition: \.lostPartition
        case .tornOutcome: \.tornOutcome
        case .unfencedOutcome: \.unfencedOutcome
        case .lateProgress: \.lateProgress
        case .abortedOutcome: \.abortedOutcome
        case .unansweredOutcome: \.unansweredOutcome
        }
    }
}

internal import EventHorizon

/// One partition worked singly: its messages one at a time, in order, and none of another partition so worked beside it, each once it is recorded that it is
/// tried. So an owner that dies names what it died of, and what several died of is given up without being tried.
///
/// Until a culprit is found, or what the owners before may have had in hand is passed.
struct Caution {
    enum Step {
        /// Record that the next message is tried.
        case record(Attempt)
        /// Too many have died of this message, each alone with it: nobody handles it.
        case giveUp(PendingCommand, attempts: Int)
        /// There is no need to go on so; these have waited.
        case end(Queue<PendingCommand>)
    }

    /// How many messages are worked singly at most. More take longer, a write of the record each, for every partition of a process in turn: on Kafka, seconds
    /// for nothing where owners were killed for another reason. Fewer cost the lives of more owners where a culprit lies further behind, three for each stretch.
    static let extent = 32

    /// How often a message is tried.
    private let limit: Int
    /// No owner that died has seen what lies behind.
    private let end: Position
    /// What the owners before tried.
    private let blamed: Attempt?
    private var left = Caution.extent
    private var waiting = Queue<PendingCommand>()
    private var current: PendingCommand?
    private var isCurrentGivenUp = false

    init(limit: Int, end: Position, blamed: Attempt?) {
        self.limit = limit
        self.end = end
        self.blamed = blamed
    }

    mutating func add(_ pending: PendingCommand) { waiting.append(pending) }

    /// What is to be done now that everything up to `progress` is settled; nil for nothing before something settles, is recorded or comes.
    mutating func next(progress: Position) -> Step? {
        if let current {
            guard progress >= current.position else { return nil }
            self.current = nil
            left -= 1
        }
        guard !isCurrentGivenUp, left > 0, progress < end, waiting.first.map({ $0.position <= end }) ?? true else { return .end(waiting) }
        guard let next = waiting.popFirst() else { return nil }
        current = next
        let attempts = blamed?.position == next.position ? blamed?.number ?? 0 : 0
        guard attempts < limit else {
            isCurrentGivenUp = true
            return .giveUp(next, attempts: attempts)
        }
        return .record(Attempt(position: next.position, number: attempts + 1))
    }

    /// The message that is recorded or given up, until it is settled.
    var inHand: PendingCommand? { current }
}

internal import EventHorizon

/// What a broker knows of one member: what it holds, and what it has not been told yet.
struct MemberState {
    /// A partition that is held.
    struct Session {
        /// The next record to deliver, by index; nil until the member says from where.
        var cursor: Int?
        var startedAfter = Position.start
        /// Delivered and not finished.
        var unfinished = 0
        var isRevoked = false
        /// A fault holds deliveries up until then.
        var heldUpUntil: Instant?
        /// Deliveries from here on were lost on their way.
        var lostFrom: Int?
        /// Progress that was said and, by a fault, not recorded yet.
        var unrecorded: Position?
    }

    struct PendingAnswer {
        var partition: Int
        /// Not told before; nil: at once.
        var due: Instant?
        var answer: SettleAnswer
    }

    /// An append whose answer was lost.
    struct PendingAppend {
        var append: Outcome.Append
        /// Appended again then.
        var due: Instant
    }

    /// A message that is not answered.
    struct PendingMessage {
        var message: Outcome.Message
        /// Sent again then; nil where it was not sent yet.
        var due: Instant?
    }

    struct PendingLoad {
        var partition: Int
        var loaded: LoadedStream
    }

    let number: Int
    let id: String
    let group: Int
    let declaration: GroupDeclaration
    var sessions: [Session?]
    /// The last call of `next`, or the last wake-up inside it.
    var lastSeen: Instant
    /// Leaving: it is given no more partitions and no more deliveries.
    var isDraining = false
    /// Its lease ran out: it is given no more partitions until it calls `next` again.
    var isAsleep = false

    var claimed: [Claim] = []
    var revoked: [Int] = []
    var lost: [Int] = []
    var answers: [PendingAnswer] = []
    var loaded: [PendingLoad] = []
    var notices: [BrokerNotice] = []
    var appends: [PendingAppend] = []
    var messages: [PendingMessage] = []

    /// Something happened since the last look.
    var hasNews = false
    var waiter: CheckedContinuation<Void, Never>?
    /// Where the next round over the partitions begins, so that a busy one does not keep the others from their turn.
    var firstPartition = 0

    init(number: Int, id: String, group: Int, declaration: GroupDeclaration, partitionCount: Int, now: Instant) {
        self.number = number
        self.id = id
        self.group = group
        self.declaration = declaration
        sessions = Array(repeating: nil, count: partitionCount)
        lastSeen = now
    }

    var isActive: Bool { !isDraining && !isAsleep }
    var held: [Int] { sessions.indices.filter { sessions[$0] != nil } }

    /// Whether the group asked for this record: said by what would be its headers, without decoding.
    func wants(_ record: MemoryLog.Record) -> Bool {
        declaration.categories.contains(record.stream.category)
            || !declaration.senders.isEmpty && record.senders.contains(where: declaration.senders.contains)
    }

    /// Takes a partition away, with what is waiting to be said about it. The claim, if the member has not even been told of that.
    mutating func drop(_ partition: Int) -> Claim? {
        sessions[partition] = nil
        revoked.removeAll { $0 == partition }
        answers.removeAll { $0.partition == partition }
        loaded.removeAll { $0.partition == partition }
        appends.removeAll { $0.append.partition == partition }
        messages.removeAll { $0.message.partition == partition }
        guard let index = claimed.firstIndex(where: { $0.partition == partition }) else { return nil }
        return claimed.remove(at: index)
    }
}

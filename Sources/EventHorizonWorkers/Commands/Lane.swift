internal import EventHorizon

/// One stream's commands, strictly in order: at most one load, letter or append is under way.
struct Lane {
    enum Phase: Equatable {
        /// Nothing is known of the stream.
        case cold
        case loading
        case idle
        /// Letters of commands in `current` are on their way.
        case lettering(open: Int)
        case appending
        /// The effects of the step just stored, or of one that is read again, are on their way.
        case sending(open: Int)
        /// A conflict or a failure is waited out.
        case waiting(until: Instant)
    }

    let stream: StreamID
    let partition: Int
    var phase = Phase.cold
    /// In order of position.
    var waiting = Queue<PendingCommand>()
    /// What the commit under way decides, and the commit.
    var current: [PendingCommand] = []
    var commit: Commit?

    // What the stream's last commit says.
    var number = 0
    var version = 0
    var position = Position.start
    var recent: [RecentCommand] = []
    /// The ids of what was decided before `recent`, where the whole stream was read; empty where it was not.
    var older: Set<MessageID> = []
    var isWhole = false
    /// One of the older, which the stream was read for again.
    var found: RecentCommand?
    var inputs: [Place] = []
    /// The effects of a saga's last step, until they are known to be sent: those of every earlier step are.
    var unsentEffects: [Envelope] = []

    /// Failed attempts at what is at the front, and when the first of them was.
    var attempts = 0
    var firstFailure: Instant?
    /// How many commands share the next commit: less after one that was too large, growing again with each that is stored.
    var share = Int.max
    /// Set where the stream's events cannot be read by their types: no command of it can be decided.
    var unreadable: String?
    /// The state in the handler is not the stream's: the stream is loaded again before the next decision.
    var isTainted = false
    /// Used since the last sweep of idle lanes.
    var isRecent = true

    init(stream: StreamID, partition: Int) {
        self.stream = stream
        self.partition = partition
    }

    var isIdle: Bool { waiting.isEmpty && current.isEmpty && (phase == .idle || phase == .cold) }

    /// Nothing is known of the stream any more.
    mutating func forgetStream() {
        number = 0
        version = 0
        position = .start
        recent.removeAll()
        older.removeAll()
        isWhole = false
        found = nil
        inputs.removeAll()
        unsentEffects = []
        unreadable = nil
    }

    /// What the lane knows after `stored`.
    mutating func take(_ stored: StoredCommit, window: Int) {
        let commit = stored.commit
        number = commit.number
        version = commit.version
        position = stored.position
        inputs = commit.inputs
        if recent.isEmpty { recent = commit.recent }
        for command in commit.decided { recent.append(RecentCommand(id: command.id, outcome: command.outcome, commit: commit.number)) }
        // More is remembered here than a commit carries on, the whole of the last commit in any case.
        let kept = max(window, Self.remembered, commit.decided.count)
        if recent.count > kept * 2 {
            let dropped = recent.count - kept
            if isWhole { for command in recent[..<dropped] { older.insert(command.id) } }
            recent.removeFirst(dropped)
        }
        unsentEffects = commit.step?.effects ?? []
    }

    /// How many command ids a lane remembers, at least.
    private static let remembered = 64

    /// What the next commit carries on. An answer that is large is not among them: it would grow every commit that follows.
    func carriedOn(window: Int) -> [RecentCommand] {
        recent.suffix(window).filter { command in
            if case .rejected(let reason) = command.outcome { reason.bytes.count <= 1024 } else { true }
        }
    }

    /// Whether the stream was fed from this place, or from one after it in the same partition: then the command was decided before.
    func hasInput(upTo place: Place) -> Bool { inputs.contains { place.isBeside($0) && place.isUpTo($0) } }

    func answer(to id: MessageID) -> CommandOutcome? {
        recent.last { $0.id == id }?.outcome ?? (found?.id == id ? found?.outcome : nil)
    }

    /// Takes note of a whole stream, in order, before its last commit is taken.
    mutating func remember(_ commits: [StoredCommit]) {
        isWhole = true
        for stored in commits.dropLast() { for decided in stored.commit.decided { older.insert(decided.id) } }
    }

    /// Takes the stream that was read again for how a command was decided.
    mutating func take(lookedUp id: MessageID, in commits: [StoredCommit]) {
        for stored in commits {
            guard let decided = stored.commit.decided.first(where: { $0.id == id }) else { continue }
            found = RecentCommand(id: id, outcome: decided.outcome, commit: stored.commit.number)
            return
        }
        // A read without the lane's last commit is stale and proves nothing: it is read once more. Any other says that the commit is gone.
        if commits.last.map({ $0.commit.number >= number }) ?? false { older.remove(id) }
    }

    /// Whether the stream has to be read again for how this command was decided.
    func mustLookUp(_ id: MessageID) -> Bool { older.contains(id) && answer(to: id) == nil }
}

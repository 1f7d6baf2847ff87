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
    var inputs: [Place] = []
    /// The effects of a saga's last step, until they are known to be sent: those of every earlier step are.
    var unsentEffects: [Envelope] = []

    /// Failed attempts at what is at the front, and when the first of them was.
    var attempts = 0
    var firstFailure: Instant?
    /// Set where a shared commit was refused: its commands are decided one by one.
    var decidesSingly = false
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
        inputs.removeAll()
        unsentEffects = []
    }

    /// What the lane knows after `stored`.
    mutating func take(_ stored: StoredCommit, window: Int) {
        let commit = stored.commit
        number = commit.number
        version = commit.version
        position = stored.position
        inputs = commit.inputs
        recent = commit.recent
        remember(commit.decided, of: commit.number, window: window)
        unsentEffects = commit.step?.effects ?? []
    }

    private mutating func remember(_ decided: [DecidedCommand], of number: Int, window: Int) {
        for command in decided { recent.append(RecentCommand(id: command.id, outcome: command.outcome, commit: number)) }
        if recent.count > window { recent.removeFirst(recent.count - window) }
    }

    /// The last place that the stream was fed from in this log.
    func lastInput(of log: Log, incarnation: UInt64) -> Position? {
        inputs.first { $0.log == log && $0.incarnation == incarnation }?.position
    }

    func answer(to id: MessageID) -> CommandOutcome? {
        recent.last { $0.id == id }?.outcome
    }
}

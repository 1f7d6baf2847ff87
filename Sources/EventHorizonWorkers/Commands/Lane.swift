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
        /// Messages of letters are read.
        case reading(open: Int)
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
    var memory = CommandMemory()
    var inputs: [Place] = []
    /// How many of the stream's commands are parked.
    var parked = 0
    /// The effects of a saga's last step, until they are known to be sent: those of every earlier step are.
    var unsentEffects: [Envelope] = []

    /// Failed attempts at what is at the front, and when the first of them was.
    var attempts = 0
    var firstFailure: (instant: Instant, time: Timestamp)?
    /// While the stream is released: what of it is left to read, and what was read.
    var draining: Draining?
    /// How many commands share the next commit: less after one that was too large, growing again with each that is stored.
    var share = Int.max
    /// Set where the stream's events cannot be read by their types: no command of it can be decided.
    var unreadable: String?
    /// Whether the handler has the stream's state: what is parked, or given up, needs none, and to make it may be what workers die of.
    var hasState = false
    /// The state in the handler is not the stream's: the stream is loaded again before the next decision.
    var isTainted = false
    /// Used since the last sweep of idle lanes.
    var isRecent = true

    init(stream: StreamID, partition: Int) {
        self.stream = stream
        self.partition = partition
    }

    var isIdle: Bool { waiting.isEmpty && current.isEmpty && (phase == .idle || phase == .cold) }

    /// Not every command may simply be decided: something is parked, or a last step's effects may not have left.
    var isHeldUp: Bool { parked > 0 || draining != nil || !unsentEffects.isEmpty }

    /// Whether the author's code is asked about a command.
    func asks(about pending: PendingCommand) -> Bool { pending.trapped == nil && (pending.isLetter ? pending.verdict == nil : parked == 0) }

    /// What is at the front has not failed.
    mutating func forgetFailures() {
        attempts = 0
        firstFailure = nil
    }

    /// Nothing is known of the stream any more.
    mutating func forgetStream() {
        number = 0
        version = 0
        position = .start
        memory.forget()
        inputs.removeAll()
        parked = 0
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
        parked = commit.parked
        memory.take(commit, window: window)
        unsentEffects = commit.step?.effects ?? []
    }

    /// Whether the stream was fed from this place, or from one after it in the same partition: then the command was decided before.
    func hasInput(upTo place: Place) -> Bool { inputs.contains { place.isBeside($0) && place.isUpTo($0) } }
}

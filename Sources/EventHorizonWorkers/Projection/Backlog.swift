internal import EventHorizon

/// A partition's commits that are not written yet, in order, and its streams that are held back.
struct Backlog {
    struct Item {
        let ordinal: Int
        let position: Position
        var isSkipped = false
        /// Nil for what no stream can be held for.
        var stream: StreamID?
        var commit: Commit?
        /// Nil where nothing is to be written.
        var inputs: ProjectorInputs?
    }

    /// What of a commit could not be projected.
    struct Failure {
        let kind: FailurePolicy.Kind
        let reason: String
        /// The event's place in the commit.
        var event = 0
        var message: Envelope?
    }

    var items = Queue<Item>()
    /// Why an item cannot be projected, where that was seen before it was tried; by ordinal.
    var unread: [Int: Failure] = [:]
    var checkpoint: Checkpoint?
    var held: [StreamID: HeldBack] = [:]
    /// Letters that must be stored before the checkpoint moves.
    var openLetters = 0
    /// One by one, because something in it fails.
    var isWrittenSingly = false
    /// Until then nothing is written: no more streams can be held.
    var retryAt: Instant?
    /// A held stream is being read.
    var isReading = false

    /// A checkpoint grows with each: beyond so many the partition waits.
    static let mostHeld = 1_000

    /// The checkpoint after these items: what they say of held streams is passed over.
    func checkpoint(through items: some Sequence<Item>, _ incarnation: UInt64) -> Checkpoint {
        var next = checkpoint ?? Checkpoint(incarnation: incarnation, position: .start)
        for item in items {
            next.position = item.position
            if !next.held.isEmpty, let stream = item.stream { next.held[stream]?.last = item.position }
        }
        return next
    }

    /// What was unread and is written, or held back.
    mutating func forgetWritten() {
        guard !unread.isEmpty else { return }
        let first = items.first?.ordinal ?? .max
        unread = unread.filter { $0.key >= first }
    }

    func isHeld(_ stream: StreamID?) -> Bool { stream.map { held[$0] != nil } ?? false }
}

/// A stream that is held back: what is tried again, and when.
struct HeldBack {
    enum Phase: Equatable {
        /// Nil: not before it is released.
        case waits(until: Instant?)
        case isRead
        /// Its letter is on its way.
        case isLettered
        /// Its letter is stored; that it is parked is to be noted with the rows.
        case isMarked
    }

    var phase: Phase
    var attempts = 0
    var firstFailure: (instant: Instant, time: Timestamp)?
    /// Of the last failure.
    var kind = FailurePolicy.Kind.failed
    var reason = ""
    /// Events that were given up.
    var leftOut: Set<Place> = []

    /// The stream was released since it was last read.
    var isReleased = false

    /// It is not tried before `time`, or before it is released; where it was meanwhile, at once.
    mutating func wait(until time: Instant?, now: Instant) { phase = .waits(until: isReleased ? now : time) }

    var retryAt: Instant? { if case .waits(let time) = phase { time } else { nil } }
}

internal import EventHorizon

/// What became of one command of a batch, before it is stored.
enum Verdict {
    case accepted(events: [Envelope])
    case rejected(Payload)
    /// It could not be handled: what becomes of it is the failure policy's to say.
    case failed(FailurePolicy.Kind, reason: String)
    /// It is given up; nil where it is dropped.
    case deadLettered(FailurePolicy.Kind?, reason: String)
    /// It is given up and parks its stream.
    case parked(FailurePolicy.Kind, reason: String)
    /// Its stream is parked, as far as the worker knows.
    case behind
    /// Of a command to release: the stream is not parked any more.
    case released

    /// What kind of failure it comes of.
    var kind: FailurePolicy.Kind? {
        switch self {
        case .failed(let kind, _), .parked(let kind, _): kind
        case .deadLettered(let kind, _): kind
        case .accepted, .rejected, .behind, .released: nil
        }
    }
    var isFailure: Bool { if case .failed = self { true } else { false } }
    var isParked: Bool { if case .parked = self { true } else { false } }
    /// Whether its message becomes a letter.
    var isLettered: Bool {
        switch self {
        case .deadLettered, .parked, .behind: true
        case .accepted, .rejected, .failed, .released: false
        }
    }
}

/// One category's commands, behind one call per stream and batch. Keeps the state of each stream that it was given a slot for.
///
/// Not `Sendable`: belongs to one loop.
protocol CommandHandling: AnyObject {
    var category: Category { get }
    /// How much of a stream its state is made of.
    var extent: Outcome.Load.Extent { get }

    /// Takes commits of a stream into the state in `slot`, which was forgotten before.
    /// - Throws: What cannot be read: written by a newer build.
    func load(_ commits: [StoredCommit], slot: Int) throws

    /// Takes only as much of a stream's commits into `slot`, which was forgotten before, as its next commit carries on, without any of the author's code:
    /// until `load` nothing is decided on it.
    func carryOn(_ commits: [StoredCommit], slot: Int) throws

    /// Decides commands of one stream in order, each seeing the events of those before it. `commit` counts the stream's commits.
    func decide(_ commands: ArraySlice<PendingCommand>, slot: Int, commit: Int, into draft: inout Draft)

    func forget(slot: Int)
}

/// A command in a lane. A reference, because it moves from hand to hand: one queue or batch holds it at a time.
final class PendingCommand {
    let envelope: Envelope
    let position: Position
    /// Its delivery's, in its partition.
    let ordinal: Int
    /// Set where the aggregate is not asked: the record cannot be read, the command has expired, an earlier attempt failed for good.
    var verdict: Verdict?
    /// The record as it was read, for the letter, where it could not be decoded.
    let record: [UInt8]
    /// Why the command cannot be read; nil where it can.
    let unreadable: String?
    /// Why nobody handles the command any more: its workers die of it.
    var trapped: String? { didSet { forgetVerdict() } }
    /// Of a command that was parked and is handled again: where it was read first, and that it is no delivery.
    let parkedAt: Place?

    init(envelope: Envelope, position: Position, ordinal: Int, unreadable: String? = nil, record: [UInt8] = []) {
        self.envelope = envelope
        self.position = position
        self.ordinal = ordinal
        self.unreadable = unreadable
        self.record = record
        parkedAt = nil
        forgetVerdict()
    }

    /// - Parameter unreadable: why its letter cannot be read; nil where it can.
    init(parked envelope: Envelope, at place: Place, unreadable: String? = nil, verdict: Verdict? = nil) {
        self.envelope = envelope
        position = place.position
        ordinal = -1
        self.unreadable = unreadable
        record = []
        parkedAt = place
        forgetVerdict()
        if let verdict { self.verdict = verdict }
    }

    var isLetter: Bool { parkedAt != nil }
    var parkingCommand: ParkingCommand? { ParkingCommand(envelope.payload) }

    /// Back to what holds however the stream is.
    func forgetVerdict() {
        switch (trapped, unreadable) {
        // A release, or the letters that it handles: they stay where they are.
        case (let reason?, _) where parkingCommand != nil: verdict = .rejected(StillParked(reason: reason).payload)
        case (let reason?, _): verdict = .failed(.trapped, reason: reason)
        case (nil, let reason?): verdict = .failed(.undecodable, reason: reason)
        case (nil, nil): verdict = nil
        }
    }

    /// For a letter: nil where there are only the record's bytes.
    var message: Envelope? { record.isEmpty ? envelope : nil }

    /// Whether it was given up: a later attempt does not change that.
    var isGivenUp: Bool {
        switch verdict {
        case .deadLettered, .parked: true
        // Of a release: what is parked stays so.
        case .rejected: parkingCommand != nil
        case .accepted, .failed, .behind, .released, nil: false
        }
    }
}

/// What a batch of commands of one stream came to.
struct Draft {
    var verdicts: [Verdict] = []
    /// A saga's step over the whole batch.
    var step: SagaStep?
    /// The state in the slot is no longer what the stream says: it has to be loaded again. The last verdict caused it; no later command is decided.
    var isTainted = false
    /// Set where a record from a newer build was met: nothing of the batch counts.
    var future: String?

    mutating func removeAll() {
        verdicts.removeAll(keepingCapacity: true)
        step = nil
        isTainted = false
        future = nil
    }
}

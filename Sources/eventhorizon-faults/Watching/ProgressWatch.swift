import EventHorizon
import EventHorizonBridge
import EventHorizonHistory
import EventHorizonWire
import GuestList
import Synchronization

/// Follows both logs while they are written: what waits for an outcome, for how long nothing moved, and which guests wait for the host.
final class ProgressWatch: Sendable {
    private struct State {
        var waiting: [Int: Set<MessageID>] = [:]
        var decided: Set<MessageID> = []
        /// Of each partition with something waiting: for how long nothing of it was decided, time under a fault left out.
        var still: [Int: Duration] = [:]
        var longest = (duration: Duration.zero, partition: 0, at: Duration.zero)
        var activeFaults = 0
        var lastsUntil = Duration.zero
        var lastLook = Duration.zero
        var seen: [LoggedCommit] = []
        var commandsEnd = Position.start
        var ends: [Int: Position] = [:]
        /// Accepted, and neither confirmed nor denied.
        var unanswered: Set<String> = []
        var troubles: [String] = []
        var isEnded = false
    }

    /// How long nothing may move while no fault is active.
    static let limit = Duration.seconds(10)

    private let state = Mutex(State())
    private let clock: RunClock

    init(clock: RunClock) { self.clock = clock }

    /// Follows the logs on threads of its own until `end`.
    func follow(application: String, port: Int) {
        ForeignThread.start { [self] in
            let codec = WireCodec()
            tail(LogReader(port: port, stream: "\(application)_COMMANDS")) { record in
                guard let envelope = try? record.body.withUnsafeBytes({ try codec.decodeEnvelope($0) }) else { return }
                take(envelope, record)
            }
        }
        ForeignThread.start { [self] in
            let codec = WireCodec()
            tail(LogReader(port: port, stream: "\(application)_EVENTS")) { record in
                guard let commit = try? record.body.withUnsafeBytes({ try codec.decodeCommit($0) }) else { return }
                take(LoggedCommit(partition: record.partition, position: record.position, commit: commit))
            }
        }
        ForeignThread.start { [self] in
            while !isEnded {
                look()
                MonotonicTime.pause(.milliseconds(50))
            }
        }
    }

    func end() { state.withLock { $0.isEnded = true } }
    private var isEnded: Bool { state.withLock { $0.isEnded } }

    private func tail(_ reader: LogReader, _ take: (LogRecord) -> Void) {
        var last = Position.start
        while !isEnded {
            // It ends with the server, and begins again where it was.
            try? reader.read(after: last, limit: .seconds(3)) { record in
                last = record.position
                take(record)
                return !isEnded
            }
            MonotonicTime.pause(.milliseconds(50))
        }
    }

    // MARK: What happens

    func faultBegins() {
        look()
        state.withLock { $0.activeFaults += 1 }
    }

    func faultLasts(for duration: Duration) {
        look()
        let end = clock.now + duration
        state.withLock { $0.lastsUntil = max($0.lastsUntil, end) }
    }

    func faultEnds() {
        look()
        state.withLock { $0.activeFaults -= 1 }
    }

    private func take(_ command: Envelope, _ record: LogRecord) {
        state.withLock { state in
            state.commandsEnd = record.position
            guard !state.decided.contains(command.id) else { return }
            if state.waiting[record.partition, default: []].isEmpty { state.still[record.partition] = .zero }
            state.waiting[record.partition, default: []].insert(command.id)
        }
    }

    private func take(_ logged: LoggedCommit) {
        state.withLock { state in
            state.seen.append(logged)
            if logged.commit.stream.category == Category(Invitation.category) { state.ends[logged.partition] = logged.position }
            state.still[logged.partition] = .zero
            for decided in logged.commit.decided {
                state.decided.insert(decided.id)
                state.waiting[logged.partition]?.remove(decided.id)
            }
            for event in logged.commit.events {
                switch event.payload.name {
                case Invitation.Event.CodingKeys.accepted.rawValue: state.unanswered.insert(event.stream.aggregate)
                case Invitation.Event.CodingKeys.confirmed.rawValue, Invitation.Event.CodingKeys.denied.rawValue:
                    state.unanswered.remove(event.stream.aggregate)
                default: break
                }
            }
        }
    }

    private func look() {
        let now = clock.now
        state.withLock { state in
            let passed = now - state.lastLook
            state.lastLook = now
            guard state.activeFaults == 0, now > state.lastsUntil else { return }
            for (partition, waiting) in state.waiting where !waiting.isEmpty {
                let still = state.still[partition, default: .zero] + passed
                state.still[partition] = still
                if still > state.longest.duration { state.longest = (still, partition, now) }
            }
        }
    }

    // MARK: What is known

    struct Summary {
        var decided: Int
        var waiting: Int
        var unanswered: Int
        var longestStop: (duration: Duration, partition: Int, at: Duration)
        /// The last commit of an invitation in each partition.
        var ends: [Int: Position]
        var commandsEnd: Position
        var eventsEnd: Position
    }

    var summary: Summary {
        state.withLock { state in
            Summary(
                decided: state.decided.count, waiting: state.waiting.values.reduce(0) { $0 + $1.count }, unanswered: state.unanswered.count,
                longestStop: state.longest, ends: state.ends, commandsEnd: state.commandsEnd, eventsEnd: state.seen.last?.position ?? .start)
        }
    }

    var seen: [LoggedCommit] { state.withLock { $0.seen } }
}

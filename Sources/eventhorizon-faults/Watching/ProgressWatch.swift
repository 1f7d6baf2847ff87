import EventHorizon
import EventHorizonBridge
import EventHorizonHistory
import EventHorizonSQLite
import EventHorizonWire
import GuestList
import Synchronization

/// Follows both logs while they are written, the read models and what workers say of their partitions: what waits for an outcome, what stands still,
/// and which guests wait for the host.
final class ProgressWatch: Sendable {
    /// A version of a stream.
    private struct Version: Hashable {
        var stream: StreamID
        var version: Int
    }
    private struct State {
        var account: ProgressAccount
        var delay = ReaderDelay()
        /// By lane: a command's id, or an acceptance.
        var waiting: [Lane: Set<MessageID>] = [:]
        var acceptances: [Int: Set<Version>] = [:]
        var routed: Set<Version> = []
        var decided: Set<MessageID> = []
        var seen: [LoggedCommit] = []
        /// How far each log is read, as `RunLogs.ends` counts.
        var reached: [Log: [Int: Position]] = [:]
        /// The last commit of an invitation in each partition.
        var ends: [Int: Position] = [:]
        var checkpoints: [Lane: Position] = [:]
        /// Accepted, and neither confirmed nor denied.
        var unanswered: Set<String> = []
        var commands = Ring()
        var stored = 0
        var logs: [WorkerLog] = []
        /// What each worker that runs says that it holds.
        var held: [String: Set<Lane>] = [:]
        var isEnded = false
    }

    /// A command as it lies in its log, and when it was read.
    struct StoredCommand: Sendable {
        var record: LogRecord
        var readAt: Duration
    }
    private struct Ring {
        static let size = 4_000
        var commands: [StoredCommand] = []
        var next = 0
        mutating func add(_ command: StoredCommand) {
            if commands.count < Self.size { commands.append(command) } else { commands[next % Self.size] = command }
            next += 1
        }
    }

    /// How long nothing may stand still without an excuse.
    static let limit = Duration.seconds(10)
    /// How long an open transaction may hide what follows it, whatever became of its producer, while the server is there.
    static let delayLimit = Duration.seconds(15)

    private let state: Mutex<State>
    private let clock: RunClock

    init(clock: RunClock, lease: Duration) {
        self.clock = clock
        state = Mutex(State(account: ProgressAccount(lease: lease)))
    }

    // MARK: Following

    /// Follows the logs on threads of its own until `end`.
    func follow(_ logs: any RunLogs, readModels: SQLite) {
        ForeignThread.start { [self] in
            let codec = WireCodec()
            tail(logs, .commands) { record in
                guard let envelope = try? record.body.withUnsafeBytes({ try codec.decodeEnvelope($0) }) else { return }
                take(envelope, record)
            }
        }
        ForeignThread.start { [self] in
            let codec = WireCodec()
            tail(logs, .events) { record in
                guard let commit = try? record.body.withUnsafeBytes({ try codec.decodeCommit($0) }) else { return }
                take(LoggedCommit(partition: record.partition, position: record.position, commit: commit))
            }
        }
        if logs.haveTransactions { ForeignThread.start { [self] in watchDelay(logs) } }
        ForeignThread.start { [self] in
            while !isEnded {
                look()
                MonotonicTime.pause(.milliseconds(50))
            }
        }
        ForeignThread.start { [self] in
            while !isEnded {
                // There is none before the first projector.
                if let checkpoints = try? readModels.checkpoints(of: ProjectionID(InvitationTable.self)) { take(checkpoints, .invitations) }
                if let checkpoints = try? readModels.checkpoints(of: ProjectionID(GuestListTable.self)) { take(checkpoints, .guestLists) }
                MonotonicTime.pause(.milliseconds(250))
            }
        }
    }

    /// How long what is stored is hidden from readers.
    private func watchDelay(_ logs: any RunLogs) {
        while !isEnded {
            for log in [Log.commands, .events] {
                let ends = try? logs.ends(of: log)
                state.withLock { state in
                    guard let ends, !state.account.isExcusedForAll else { return state.delay.excuse(at: clock.now) }
                    state.delay.look(ends, reached: state.reached[log] ?? [:], of: log, at: clock.now)
                }
            }
            MonotonicTime.pause(.milliseconds(500))
        }
    }

    func end() { state.withLock { $0.isEnded = true } }
    private var isEnded: Bool { state.withLock { $0.isEnded } }

    private func tail(_ logs: any RunLogs, _ log: Log, _ take: (LogRecord) -> Void) {
        while !isEnded {
            // It ends with the server, and begins again where it was.
            try? logs.follow(log, after: state.withLock { $0.reached[log] ?? [:] }) { step in
                switch step {
                case .record(let record): take(record)
                case .reached(let part, let position): state.withLock { $0.reached[log, default: [:]][part] = position }
                case .idle: break
                }
                return !isEnded
            }
            MonotonicTime.pause(.milliseconds(50))
        }
    }

    /// What a worker's log says of the partitions that it holds counts from now on.
    func follow(log path: String, of worker: String) {
        state.withLock { state in
            if !state.logs.contains(where: { $0.worker == worker }) { state.logs.append(WorkerLog(worker: worker, path: path)) }
        }
    }

    // MARK: What happens

    /// - Returns: What `end` is to be told.
    func begin(_ kind: FaultKind, _ target: ProgressAccount.Target, isSilent: Bool) -> Int {
        state.withLock { state in
            Self.readLogs(&state)
            return state.account.begin(kind, target, isSilent: isSilent, at: clock.now)
        }
    }

    func end(_ fault: Int) {
        state.withLock { state in
            // While nobody could ask the server how far its logs go.
            if state.account.isExcusedForAll { state.delay.excuse(at: clock.now) }
            state.account.end(fault, at: clock.now)
        }
    }

    /// Once for each process, before it is started.
    func serves(_ worker: String, _ kind: WorkerKind) {
        state.withLock { state in
            Self.readLogs(&state)
            state.held[worker] = []
            state.account.serves(worker, kind, at: clock.now)
        }
    }

    func servesNoMore(_ worker: String) { state.withLock { $0.account.servesNoMore(worker, at: clock.now) } }

    private static func readLogs(_ state: inout State) {
        for index in state.logs.indices {
            let worker = state.logs[index].worker
            for change in state.logs[index].newChanges() {
                switch change {
                case .claimed(let lane):
                    state.account.claims(lane, worker)
                    state.held[worker, default: []].insert(lane)
                case .left(let lane):
                    state.account.leaves(lane, worker)
                    state.held[worker]?.remove(lane)
                }
            }
        }
    }

    private func take(_ command: Envelope, _ record: LogRecord) {
        let now = clock.now
        state.withLock { state in
            state.stored += 1
            state.commands.add(StoredCommand(record: record, readAt: now))
            if let origin = command.origin {
                let version = Version(stream: origin.stream, version: origin.version)
                state.routed.insert(version)
                let partition = Self.partition(of: origin.stream)
                if state.acceptances[partition]?.remove(version) != nil {
                    let isEmpty = state.acceptances[partition]!.isEmpty
                    state.account.update(Lane(group: .router, partition: partition), hasWork: !isEmpty, settled: true, at: now)
                }
            }
            guard !state.decided.contains(command.id) else { return }
            let group: Lane.Group = command.stream.category == Category(Invitation.category) ? .commandHandler : .saga
            // Where it belongs, wherever it was put.
            let lane = Lane(group: group, partition: Self.partition(of: command.stream))
            state.waiting[lane, default: []].insert(command.id)
            state.account.update(lane, hasWork: true, settled: false, at: now)
        }
    }

    private func take(_ logged: LoggedCommit) {
        let now = clock.now
        state.withLock { state in
            state.seen.append(logged)
            state.stored += 1
            let isInvitation = logged.commit.stream.category == Category(Invitation.category)
            let lane = Lane(group: isInvitation ? .commandHandler : .saga, partition: logged.partition)
            for decided in logged.commit.decided {
                state.decided.insert(decided.id)
                state.waiting[lane]?.remove(decided.id)
            }
            state.account.update(lane, hasWork: state.waiting[lane]?.isEmpty == false, settled: true, at: now)
            if isInvitation {
                state.ends[logged.partition] = logged.position
                for group in [Lane.Group.invitations, .guestLists] { updateProjector(group, logged.partition, settled: false, now, &state) }
            }
            for (index, event) in logged.commit.events.enumerated() {
                switch event.payload.name {
                case Invitation.Event.CodingKeys.accepted.rawValue:
                    state.unanswered.insert(event.stream.aggregate)
                    let version = Version(stream: event.stream, version: logged.commit.firstVersion + index)
                    guard !state.routed.contains(version) else { break }
                    state.acceptances[logged.partition, default: []].insert(version)
                    state.account.update(Lane(group: .router, partition: logged.partition), hasWork: true, settled: false, at: now)
                case Invitation.Event.CodingKeys.confirmed.rawValue, Invitation.Event.CodingKeys.denied.rawValue:
                    state.unanswered.remove(event.stream.aggregate)
                default: break
                }
            }
        }
    }

    private func take(_ checkpoints: [Int: Checkpoint], _ group: Lane.Group) {
        let now = clock.now
        state.withLock { state in
            for (partition, checkpoint) in checkpoints {
                let before = state.checkpoints.updateValue(checkpoint.position, forKey: Lane(group: group, partition: partition))
                updateProjector(group, partition, settled: checkpoint.position > before ?? .start, now, &state)
            }
        }
    }

    private func updateProjector(_ group: Lane.Group, _ partition: Int, settled: Bool, _ now: Duration, _ state: inout State) {
        let lane = Lane(group: group, partition: partition)
        let hasWork = state.checkpoints[lane] ?? .start < state.ends[partition] ?? .start
        state.account.update(lane, hasWork: hasWork, settled: settled, at: now)
    }

    private static func partition(of stream: StreamID) -> Int { Partitioner.partition(of: stream.aggregate, count: FaultRun.partitionCount) }

    private func look() {
        state.withLock { state in
            Self.readLogs(&state)
            state.account.look(at: clock.now)
        }
    }

    // MARK: What is known

    struct Summary {
        var decided: Int
        var waiting: Int
        var unanswered: Int
        /// Of both logs.
        var stored: Int
        /// The last commit of an invitation in each partition.
        var ends: [Int: Position]
    }

    var summary: Summary {
        state.withLock { state in
            Summary(
                decided: state.decided.count, waiting: state.waiting.values.reduce(0) { $0 + $1.count }, unanswered: state.unanswered.count,
                stored: state.stored, ends: state.ends)
        }
    }

    /// Whether the watch has yet to read some of this, as `RunLogs.ends` counts.
    func isBehind(_ ends: [Int: Position], of log: Log) -> Bool {
        let reached = state.withLock { $0.reached[log] ?? [:] }
        return ends.contains { $0.value > reached[$0.key] ?? .start }
    }

    /// Of these workers: what several or none say that they hold, each in a sentence.
    func ownershipProblems(among workers: [String]) -> [String] {
        state.withLock { state in
            Self.readLogs(&state)
            return Lane.Group.allCases.flatMap { group in
                (0..<FaultRun.partitionCount).compactMap { partition in
                    let lane = Lane(group: group, partition: partition)
                    let holders = workers.filter { state.held[$0]?.contains(lane) == true }.sorted()
                    if holders.count == 1 { return nil }
                    return holders.isEmpty ? "nobody holds \(lane)" : "\(holders.joined(separator: " and ")) say that they hold \(lane)"
                }
            }
        }
    }

    var account: ProgressAccount { state.withLock { $0.account } }
    var delay: ReaderDelay { state.withLock { $0.delay } }
    var seen: [LoggedCommit] { state.withLock { $0.seen } }
    /// The last that were stored.
    var recentCommands: [StoredCommand] { state.withLock { $0.commands.commands } }
}

import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonHistory
import EventHorizonSQLite
import EventHorizonWire
import Glibc
import GuestList
import GuestListHistory
import ServerSupport

/// One seed: load and faults, then quiet, then the check.
struct FaultRun {
    /// How long all may take to be at rest after the last fault's end.
    static let restLimit = Duration.seconds(30)
    private static let application = "faults"
    private static let partitionCount = 8

    let seed: UInt64
    let options: Options

    /// - Returns: Whether nothing was violated.
    func run() async throws -> Bool {
        let folder = try Self.makeFolder()
        let journal = Journal(clock: RunClock())
        journal.write(
            "seed \(seed): \(options.faults.map(\.rawValue).sorted().joined(separator: ", ")) for \(RunClock.text(options.length)) s, "
                + "\(options.rate) commands/s, \(options.guests) guests at once, lease \(RunClock.text(options.lease)) s; logs in \(folder)")
        let server = try await NATSServer.start(NATSServer.findProgram(), folder: folder)
        let flags = [
            "--broker", server.url, "--application", Self.application, "--lease-time", "\(Int(options.lease / .milliseconds(1)))ms", "--log-level",
            "info",
        ]
        let watch = ProgressWatch(clock: journal.clock)
        let fleet = WorkerFleet(
            folder: folder, arguments: flags, programs: try Self.programs(), lease: options.lease, watch: watch, journal: journal,
            random: SeededRandom(seed: seed, part: 100))
        let isFine: Bool
        do {
            isFine = try await run(server, fleet, watch, journal, folder)
        } catch {
            watch.end()
            await fleet.killAll()
            await server.kill()
            throw error
        }
        watch.end()
        await fleet.killAll()
        await server.stop()
        if isFine { TemporaryFolder.remove(folder) } else { journal.write("seed \(seed) has violations; logs and read models are kept in \(folder)") }
        return isFine
    }

    private func run(_ server: NATSServer, _ fleet: WorkerFleet, _ watch: ProgressWatch, _ journal: Journal, _ folder: String) async throws -> Bool {
        let clock = journal.clock
        let sent = SentLog { clock.now }
        let tally = FaultTally()
        let settings = BrokerSettings(address: BrokerAddress(server.url)!, application: Self.application, clientName: "eventhorizon-faults")
        let broker = try broker(settings, surroundings: .system)
        let load = GuestLoad(seed: seed, broker: broker, rate: options.rate, sent: sent)
        for kind in WorkerKind.allCases { for _ in 0..<2 { try await fleet.start(kind) } }
        watch.follow(application: Self.application, port: server.port)

        var violations: [Violation] = []
        var lag = Duration.zero
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await fleet.watch() }
            group.addTask { await report(sent, watch, journal) }
            let loading = Task { await load.run(guests: options.guests) }
            do {
                try await until("the first command is decided", within: .seconds(30)) {
                    if let problem = await fleet.problems.first { throw SupportError(problem) }
                    return watch.summary.decided > 0
                }
                journal.note("faults begin")
                try await FaultInjector(
                    seed: seed, kinds: options.faults, length: options.length, lease: options.lease, fleet: fleet, server: server, watch: watch,
                    journal: journal, tally: tally
                ).run()
                load.stop()
                await fleet.settle()
                let quiet = journal.clock.now
                journal.note("faults end; waiting until all is at rest")
                violations += await rest(loading, watch, sent, server, folder, since: quiet, journal)
                lag = journal.clock.now - quiet
            } catch {
                violations.append(Violation(.run, nil, "\(error)"))
            }
            loading.cancel()
            await loading.value
            group.cancelAll()
        }
        await fleet.drainAll()
        watch.end()

        journal.note("checking")
        let (history, tables) = try await read(server, sent, watch, folder)
        violations += history.violations() + history.guestListViolations(tables)
        for problem in await fleet.problems { violations.append(Violation(.workers, nil, problem)) }
        violations += await enoughKills(fleet)
        let stop = watch.summary.longestStop
        if stop.duration > ProgressWatch.limit {
            violations.append(
                Violation(
                    .progress, nil,
                    "partition \(stop.partition) had commands waiting and decided none for \(RunClock.text(stop.duration)) s "
                        + "with no fault active, until \(RunClock.text(stop.at)) s"
                ))
        }
        await table(history, sent, fleet, tally, stop, lag, violations, journal)
        return violations.isEmpty
    }

    // MARK: Quiet

    private func rest(
        _ loading: Task<Void, Never>, _ watch: ProgressWatch, _ sent: SentLog, _ server: NATSServer, _ folder: String, since start: Duration,
        _ journal: Journal
    ) async -> [Violation] {
        let store = SQLite(folder: "\(folder)/read-models")
        let clients = Task { await loading.value }
        let isDone = Flag()
        let waiter = Task {
            await clients.value
            isDone.set()
        }
        defer { waiter.cancel() }
        var missing: [String] = []
        while journal.clock.now - start < Self.restLimit {
            missing = isDone.isSet ? [] : ["clients wait for acknowledgements"]
            let summary = watch.summary
            do {
                let port = server.port
                let (commands, events) = try await ForeignThread.run {
                    (
                        try LogReader(port: port, stream: "\(Self.application)_COMMANDS").state().last,
                        try LogReader(port: port, stream: "\(Self.application)_EVENTS").state().last
                    )
                }
                if summary.commandsEnd.rawValue < commands || summary.eventsEnd.rawValue < events { missing.append("the watch has not read all") }
                if summary.waiting > 0 { missing.append("\(summary.waiting) commands have no outcome") }
                if summary.unanswered > 0 { missing.append("\(summary.unanswered) accepted guests are neither confirmed nor denied") }
                for projection in [ProjectionID(InvitationTable.self), ProjectionID(GuestListTable.self)] {
                    let checkpoints = try store.checkpoints(of: projection)
                    let behind = summary.ends.filter { (checkpoints[$0.key]?.position ?? .start) < $0.value }
                    if !behind.isEmpty {
                        missing.append("'\(projection)' is behind in partitions \(behind.keys.sorted().map(String.init).joined(separator: ", "))")
                    }
                }
            } catch {
                missing.append("\(error)")
            }
            if missing.isEmpty { return [] }
            try? await Task.sleep(for: .milliseconds(100))
        }
        let text = missing.joined(separator: "; ")
        journal.note("PROBLEM  not at rest: \(text)")
        return [Violation(.lag, nil, "\(RunClock.text(Self.restLimit)) s after the last fault's end: \(text)")]
    }

    // MARK: The check

    private func read(_ server: NATSServer, _ sent: SentLog, _ watch: ProgressWatch, _ folder: String) async throws -> (History, GuestListTables) {
        let port = server.port
        let (commandRecords, eventRecords, commandsState) = try await ForeignThread.run {
            let commands = LogReader(port: port, stream: "\(Self.application)_COMMANDS")
            return (try commands.records(), try LogReader(port: port, stream: "\(Self.application)_EVENTS").records(), try commands.state())
        }
        let codec = WireCodec()
        var unreadable: [String] = []
        var commands: [LoggedCommand] = []
        for record in commandRecords {
            do {
                let envelope = try record.body.withUnsafeBytes { try codec.decodeEnvelope($0) }
                commands.append(LoggedCommand(partition: record.partition, position: record.position, envelope: envelope))
            } catch { unreadable.append("the command at \(record.position) (\(record.subject)): \(error)") }
        }
        var events: [LoggedCommit] = []
        for record in eventRecords {
            do {
                let commit = try record.body.withUnsafeBytes { try codec.decodeCommit($0) }
                events.append(LoggedCommit(partition: record.partition, position: record.position, commit: commit))
            } catch { unreadable.append("the commit at \(record.position) (\(record.subject)): \(error)") }
        }
        let (tables, readModels) = try GuestListTables.read(from: SQLite(folder: "\(folder)/read-models"))
        let history = History(
            partitionCount: Self.partitionCount, sent: sent.commands, events: events, commands: commands, commandsAreWhole: commandsState.first <= 1,
            readModels: readModels, endOfEvents: events.last?.position, seen: watch.seen, unreadable: unreadable)
        return (history, tables)
    }

    /// Fewer kills than a tool like this promises prove nothing.
    private func enoughKills(_ fleet: WorkerFleet) async -> [Violation] {
        guard options.faults.contains(.kill) else { return [] }
        let due = Int(20 * (options.length / .seconds(60)))
        var found: [Violation] = []
        for kind in WorkerKind.allCases {
            let kills = await fleet.kills[kind] ?? 0
            if kills < due { found.append(Violation(.run, nil, "\(kind.rawValue) was killed \(kills) times, a run of this length needs \(due)")) }
        }
        return found
    }

    // MARK: Telling

    private func report(_ sent: SentLog, _ watch: ProgressWatch, _ journal: Journal) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(5))
            if Task.isCancelled { return }
            let counts = sent.counts
            let summary = watch.summary
            journal.note(
                "         \(counts.commands) commands sent, \(counts.acknowledged) acknowledged, "
                    + "\(summary.decided) decided with the saga's, \(summary.waiting) waiting"
            )
        }
    }

    private func table(
        _ history: History, _ sent: SentLog, _ fleet: WorkerFleet, _ tally: FaultTally, _ stop: (duration: Duration, partition: Int, at: Duration),
        _ lag: Duration,
        _ violations: [Violation], _ journal: Journal
    ) async {
        let counts = sent.counts
        let ofClients = Set(history.sent.map(\.id))
        let decided = history.events.flatMap(\.commit.decided)
        let outcomes = decided.filter { ofClients.contains($0.id) }
        var rows: [(String, String)] = [
            ("commands sent", "\(counts.commands), with repeats \(counts.sends)"),
            ("acknowledged", "\(counts.acknowledged)"),
            ("outcomes", "\(outcomes.count), with the saga's \(decided.count)"),
            (
                "accepted, rejected, dead",
                "\(decided.count { if case .accepted = $0.outcome { true } else { false } }), "
                    + "\(decided.count { if case .rejected = $0.outcome { true } else { false } }), "
                    + "\(decided.count { if case .deadLettered = $0.outcome { true } else { false } })"
            ),
            ("answers checked", "\(history.sent.reduce(0) { $0 + $1.told.count })"),
            ("commits, events", "\(history.events.count), \(history.events.reduce(0) { $0 + $1.commit.events.count })"),
        ]
        for kind in WorkerKind.allCases {
            rows.append(("kills of \(kind.rawValue)", "\(await fleet.kills[kind] ?? 0), at named steps \(await fleet.killsAtSteps[kind] ?? 0)"))
        }
        for (name, count) in tally.all { rows.append((name, "\(count)")) }
        rows.append(("members joined, left", "\(await fleet.joins), \(await fleet.drains)"))
        rows.append(("longest stop of progress", "\(RunClock.text(stop.duration)) s, partition \(stop.partition), until \(RunClock.text(stop.at)) s"))
        rows.append(("at rest after", "\(RunClock.text(lag)) s"))
        rows.append(("violations", "\(violations.count)"))
        journal.write("")
        let width = rows.map { $0.0.count }.max() ?? 0
        for row in rows { journal.write("  " + row.0 + String(repeating: " ", count: width - row.0.count) + "  " + row.1) }
        journal.write("")
        guard !violations.isEmpty else { return }
        var described: Set<StreamID> = []
        for violation in violations.prefix(40) {
            journal.write("VIOLATION (seed \(seed)) \(violation)")
            if let stream = violation.stream, described.count < 8, described.insert(stream).inserted { journal.write(history.describe(stream)) }
        }
        if violations.count > 40 { journal.write("... and \(violations.count - 40) more") }
        var byCheck: [Violation.Check: Int] = [:]
        for violation in violations { byCheck[violation.check, default: 0] += 1 }
        journal.write("violations by check: " + byCheck.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }

    private func until(_ what: String, within limit: Duration, _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < end else { throw SupportError("waited \(limit) in vain until \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func makeFolder() throws -> String {
        var template = Array("\(TemporaryFolder.parent)/eventhorizon-faults-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SupportError("cannot make a folder in '\(TemporaryFolder.parent)'") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Where this program lies, and the workers beside it.
    private static func programs() throws -> String {
        guard let own = realpath("/proc/self/exe", nil) else { throw SupportError("cannot tell where this program lies: is /proc mounted?") }
        defer { free(own) }
        let folder = "/" + String(cString: own).split(separator: "/").dropLast().joined(separator: "/")
        for kind in WorkerKind.allCases where access("\(folder)/\(kind.program)", X_OK) != 0 {
            throw SupportError("there is no '\(folder)/\(kind.program)': build it first (swift build)")
        }
        return folder
    }
}

extension Violation.Check {
    /// 30 s after the last fault's end all is decided, reacted to and projected.
    static let lag = Self("lag")
    /// While no fault is active, no partition with work stands still.
    static let progress = Self("progress")
    /// A worker ends when it is asked to, in order, and not otherwise.
    static let workers = Self("workers")
    /// The run itself did what it was to do.
    static let run = Self("run")
}

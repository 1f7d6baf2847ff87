import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonHistory
import EventHorizonSQLite
import Glibc
import GuestList
import GuestListHistory
import ServerSupport

/// One seed on real servers and processes: load and faults, then quiet, then the check.
struct FaultRun {
    /// How long all may take to be at rest after the last fault's end.
    static let restLimit = Duration.seconds(30)
    static let application = "faults"
    static let partitionCount = 8

    let seed: UInt64
    let options: Options

    /// - Returns: Whether nothing was violated.
    func run() async throws -> Bool {
        // Found missing before anything is started.
        let needsNetwork = options.faults.contains { $0.needsToxiproxy }
        if needsNetwork { try Self.checkToxiproxy() }
        let folder = try Self.makeFolder()
        let journal = Journal(clock: RunClock())
        let idWindow = Self.idWindow(seed)
        journal.write(
            "seed \(seed): \(options.faults.isEmpty ? "no faults" : FaultKind.names(FaultKind.allCases.filter { options.faults.contains($0) })) for "
                + "\(RunClock.text(options.length)) s, \(options.rate) commands/s, \(options.guests) guests at once, "
                + "lease \(RunClock.text(options.lease)) s, "
                + (options.broker == .nats ? "duplicate window \(RunClock.text(options.duplicateWindow)) s, " : "") + "id window \(idWindow)"
                + "\(options.nodes > 1 ? ", \(options.nodes) servers" : ""); logs in \(folder)")
        let servers = try await startServers(folder)
        let network: Network? =
            needsNetwork ? Network(try await Toxiproxy.start(log: .file("\(folder)/toxiproxy.log")), to: servers.ports) : nil
        let flags =
            [
                "--application", Self.application, "--lease-time", "\(Int(options.lease / .milliseconds(1)))ms", "--log-level", "info",
                "--log-format", "json", "--replicas", "\(options.nodes)",
            ] + (options.broker == .kafka ? ["--replica-folder", "\(folder)/replicas", "--trimming", trims ? "on" : "off"] : [])
        let watch = ProgressWatch(clock: journal.clock, lease: options.lease)
        let fleet = WorkerFleet(
            folder: folder, arguments: flags, idWindow: idWindow, programs: try Self.programs(), address: servers.address, network: network,
            watch: watch, journal: journal, random: SeededRandom(seed: seed, part: 100))
        let isFine: Bool
        do {
            isFine = try await run(servers, network, fleet, watch, journal, folder)
        } catch {
            watch.end()
            await fleet.killAll()
            await network?.stop()
            await servers.kill()
            throw error
        }
        watch.end()
        await fleet.killAll()
        await network?.stop()
        await servers.stop()
        if isFine { TemporaryFolder.remove(folder) } else { journal.write("seed \(seed) has violations; logs and read models are kept in \(folder)") }
        return isFine
    }

    private static func checkToxiproxy() throws {
        do {
            _ = try Toxiproxy.findProgram()
        } catch {
            let others = FaultKind.allCases.filter { !$0.needsToxiproxy }
            throw SupportError(
                "network and answers break the way to the server, and \(error), or leave them out: --faults \(FaultKind.names(others))")
        }
    }

    /// How many commands are remembered with their answers: fewer than a guest has commands, so that some repeats are looked up in the stream.
    private static func idWindow(_ seed: UInt64) -> Int {
        var random = SeededRandom(seed: seed, part: 200)
        return random.pick([1, 2, 8]) ?? 8
    }

    /// Whether workers remove commands that are settled, where they can. Every other seed keeps them all, to be checked.
    private var trims: Bool { !seed.isMultiple(of: 2) }

    private func startServers(_ folder: String) async throws -> Servers {
        if options.broker == .kafka {
            let own = "\(folder)/kafka"
            guard mkdir(own, 0o755) == 0 else { throw SupportError("cannot make the folder '\(own)'") }
            return Servers([try await KafkaServer.start(KafkaServer.findProgram(), folder: own, startsSoon: true)])
        }
        if options.nodes == 1 { return Servers([try await NATSServer.start(NATSServer.findProgram(), folder: folder)]) }
        return Servers(try await NATSCluster.start(NATSServer.findProgram(.newest), count: options.nodes, folder: folder).nodes)
    }

    private func logs(_ servers: Servers) throws -> any RunLogs {
        guard options.broker == .kafka else { return JetStreamLogs(application: Self.application, ports: servers.ports) }
        #if Kafka
        return KafkaLogs(application: Self.application, server: "127.0.0.1:\(servers.ports[0])", partitionCount: Self.partitionCount)
        #else
        throw SupportError("this program was built without Kafka: enable the trait Kafka, or use --broker nats")
        #endif
    }

    private func run(
        _ servers: Servers, _ network: Network?, _ fleet: WorkerFleet, _ watch: ProgressWatch, _ journal: Journal, _ folder: String
    ) async throws -> Bool {
        let clock = journal.clock
        let logs = try logs(servers)
        let sent = SentLog { clock.now }
        let tally = FaultTally()
        let address = try network?.line(of: Network.clients).address ?? servers.address
        var settings = BrokerSettings(address: BrokerAddress(address)!, application: Self.application, clientName: "eventhorizon-faults")
        settings.duplicateWindow = options.duplicateWindow
        settings.replicas = options.nodes
        let broker = try broker(settings, surroundings: .system)
        // Whoever comes first creates the logs, with the window that was asked for.
        _ = try await broker.publish([])
        let load = GuestLoad(
            seed: seed, broker: broker, rate: options.rate, duplicateWindow: options.faults.contains(.duplicates) ? options.duplicateWindow : nil,
            sent: sent)
        for kind in WorkerKind.allCases { for _ in 0..<2 { try await fleet.start(kind) } }
        watch.follow(logs, readModels: SQLite(folder: "\(folder)/read-models"))

        var violations: [Violation] = []
        var hasBrokenOff = false
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
                    seed: seed, kinds: options.faults, length: options.length, lease: options.lease, application: Self.application,
                    duplicateWindow: options.broker == .nats ? options.duplicateWindow : nil, pace: options.pace, fleet: fleet, servers: servers,
                    logs: logs, network: network, watch: watch, journal: journal, tally: tally
                ).run()
                load.stop()
                await fleet.settle()
                let quiet = journal.clock.now
                journal.note("faults end; waiting until all is at rest")
                violations += await rest(loading, watch, logs, fleet, folder, since: quiet, journal)
                lag = journal.clock.now - quiet
            } catch {
                violations.append(Violation(.run, nil, "\(error)"))
                hasBrokenOff = true
            }
            loading.cancel()
            await loading.value
            group.cancelAll()
        }
        await fleet.drainAll()
        watch.end()

        journal.note("checking")
        let (history, tables) = try await read(logs, sent, watch, folder)
        // Of a run that broke off it says nothing: what was under way looks like something lost.
        if !hasBrokenOff { violations += history.violations() + history.guestListViolations(tables) }
        for problem in await fleet.problems { violations.append(Violation(.workers, nil, problem)) }
        violations += await enoughKills(fleet)
        let account = watch.account
        if let lane = account.longest.lane, account.longest.duration > ProgressWatch.limit {
            violations.append(
                Violation(
                    .progress, nil,
                    "\(lane) had work and settled none of it for \(RunClock.text(account.longest.duration)) s without a fault that excuses it, "
                        + "until \(RunClock.text(account.longest.until)) s"))
        }
        let delay = watch.delay.longest
        if delay.duration > ProgressWatch.delayLimit {
            violations.append(
                Violation(
                    .progress, nil,
                    "what was stored in partition \(delay.partition) of the \(delay.log == .events ? "events" : "commands") was hidden from readers for "
                        + "\(RunClock.text(delay.duration)) s, until \(RunClock.text(delay.until)) s"))
        }
        var table = RunReport(seed: seed, history: history, sent: sent, violations: violations)
        await table.add(kills: fleet)
        for (name, count) in tally.all { table.add(name, "\(count)") }
        if options.faults.contains(.members) { table.add("members joined, left", "\(await fleet.joins), \(await fleet.drains)") }
        table.add(account)
        if logs.haveTransactions {
            table.add("longest hidden by a transaction", "\(RunClock.text(delay.duration)) s")
            table.add("records of aborted transactions", "\(history.abortedCommands.count) commands, \(history.abortedEvents.count) commits")
        }
        table.add("at rest after", "\(RunClock.text(lag)) s")
        table.write(to: journal)
        return violations.isEmpty
    }

    // MARK: Quiet

    private func rest(
        _ loading: Task<Void, Never>, _ watch: ProgressWatch, _ logs: any RunLogs, _ fleet: WorkerFleet, _ folder: String, since start: Duration,
        _ journal: Journal
    ) async -> [Violation] {
        let store = SQLite(folder: "\(folder)/read-models")
        let isDone = Flag()
        let waiter = Task {
            await loading.value
            isDone.set()
        }
        defer { waiter.cancel() }
        var missing: [String] = []
        while journal.clock.now - start < Self.restLimit {
            missing = isDone.isSet ? [] : ["clients wait for acknowledgements"]
            let summary = watch.summary
            do {
                let (commands, events) = try await ForeignThread.run { (try logs.ends(of: .commands), try logs.ends(of: .events)) }
                if watch.isBehind(commands, of: .commands) || watch.isBehind(events, of: .events) { missing.append("the watch has not read all") }
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
            missing += watch.ownershipProblems(among: await fleet.names())
            if missing.isEmpty { return [] }
            try? await Task.sleep(for: .milliseconds(100))
        }
        let text = missing.joined(separator: "; ")
        journal.note("PROBLEM  not at rest: \(text)")
        return [Violation(.lag, nil, "\(RunClock.text(Self.restLimit)) s after the last fault's end: \(text)")]
    }

    // MARK: The check

    private func read(_ logs: any RunLogs, _ sent: SentLog, _ watch: ProgressWatch, _ folder: String) async throws -> (History, GuestListTables) {
        let (commands, events) = try await ForeignThread.run { (try logs.contents(of: .commands), try logs.contents(of: .events)) }
        var history = History(partitionCount: Self.partitionCount, sent: sent.commands, events: [], seen: watch.seen)
        history.add(commands: commands)
        history.add(events: events)
        return (history, try history.add(readModels: SQLite(folder: "\(folder)/read-models")))
    }

    /// Fewer kills than a tool like this promises prove nothing.
    private func enoughKills(_ fleet: WorkerFleet) async -> [Violation] {
        guard options.faults.contains(.kill) else { return [] }
        let due = Int(20 * (options.length / .seconds(60)))
        var found: [Violation] = []
        for kind in WorkerKind.allCases {
            let kills = await fleet.kills[kind] ?? 0
            if kills < due { found.append(Violation(.run, nil, "\(kind.rawValue) was killed \(kills) times, a run of this length needs \(due)")) }
            // A shorter run may have too few for all of them.
            guard options.length >= .seconds(60) else { continue }
            for step in kind.steps where await fleet.hits(kind, step) == 0 {
                found.append(Violation(.run, nil, "\(kind.rawValue) was never killed at its step \(step)"))
            }
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
    /// Without a fault that excuses it, no partition with work stands still.
    static let progress = Self("progress")
    /// A worker ends when it is asked to, in order, and not otherwise.
    static let workers = Self("workers")
    /// The run itself did what it was to do.
    static let run = Self("run")
}

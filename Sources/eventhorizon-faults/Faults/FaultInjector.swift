import EventHorizon
import EventHorizonBridge
import ServerSupport

/// Does to workers, network and servers what the seed says, until its time is over. Returns with everything running again.
///
/// A run that is long enough has a quiet time in its middle, in which nothing is done: nothing may then stand still at all.
struct FaultInjector: Sendable {
    let seed: UInt64
    let kinds: Set<FaultKind>
    let length: Duration
    let lease: Duration
    let application: String
    /// Within which the server recognises what is published again; nil: it never does.
    let duplicateWindow: Duration?
    /// From one join or leave to the next; nil: some seconds.
    let pace: Duration?
    let fleet: WorkerFleet
    let servers: Servers
    let logs: any RunLogs
    /// Nil where no kind needs it.
    let network: Network?
    let watch: ProgressWatch
    let journal: Journal
    let tally: FaultTally

    /// Longer than anything may stand still.
    static let quiet = Duration.seconds(14)

    /// From the beginning, when nothing is done; empty in short runs.
    private var quietTime: Range<Duration> {
        length >= .seconds(40) ? length * 0.45..<length * 0.45 + Self.quiet : .zero..<Duration.zero
    }

    func run() async throws {
        let start = ContinuousClock.now
        let end = start + length
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Task.sleep(until: end, clock: .continuous) }
            if kinds.contains(.kill) { addKills(&group, start) }
            group.addTask {
                let quiet = quietTime
                guard !quiet.isEmpty else { return }
                try await Task.sleep(until: start + quiet.lowerBound, clock: .continuous)
                journal.note("quiet    nothing is done for \(RunClock.text(Self.quiet)) s")
                await fleet.disarmFailpoints()
                try await Task.sleep(until: start + quiet.upperBound, clock: .continuous)
                journal.note("quiet    is over")
                if kinds.contains(.kill) { await fleet.armFailpoints() }
            }
            if kinds.contains(.stop) { group.addTask { try await every(3_000...7_000, part: 10, from: start, stop) } }
            if kinds.contains(.members) {
                group.addTask {
                    let pace = pace.map { Int($0 / .milliseconds(1)) }
                    try await every(pace.map { $0...$0 } ?? 2_000...4_000, part: 11, from: start, isPaced: pace != nil, member)
                }
            }
            if kinds.contains(.server) {
                group.addTask {
                    // A Kafka is away for long each time.
                    let pause = servers.isCluster ? 10_000...10_000 : logs.haveTransactions ? 10_000...16_000 : 7_000...13_000
                    try await every(pause, part: 12, from: start, isPaced: servers.isCluster, serverFault)
                }
            }
            if kinds.contains(.network) { group.addTask { try await every(1_500...4_000, part: 13, from: start, networkFault) } }
            if kinds.contains(.answers) {
                group.addTask { try await every(servers.isCluster ? 6_000...9_000 : 3_000...6_000, part: 14, from: start, lostAnswers) }
            }
            if kinds.contains(.duplicates) { group.addTask { try await every(300...900, part: 15, from: start, duplicates) } }
            try await group.waitForAll()
        }
    }

    /// - Parameters:
    ///   - pause: in milliseconds.
    ///   - isPaced: whether the pause is from one beginning to the next; else from one end.
    private func every(
        _ pause: ClosedRange<Int>, part: Int, from start: ContinuousClock.Instant, isPaced: Bool = false,
        _ fault: (Int, inout SeededRandom) async throws -> Void
    ) async throws {
        var random = SeededRandom(seed: seed, part: UInt64(part))
        // Each seed begins with another.
        var number = random.below(100)
        let end = start + length
        var last = ContinuousClock.now
        while true {
            var next = max(.now, (isPaced ? last : .now) + random.duration(pause))
            if quietTime.contains(start.duration(to: next)) { next = start + quietTime.upperBound + random.duration(0...1_000) }
            guard next < end else { return try await Task.sleep(until: end, clock: .continuous) }
            try await Task.sleep(until: next, clock: .continuous)
            last = .now
            try await fault(number, &random)
            number += 1
        }
    }

    // MARK: Workers

    private func addKills(_ group: inout ThrowingTaskGroup<Void, any Error>, _ start: ContinuousClock.Instant) {
        group.addTask { await fleet.armFailpoints() }
        // So that a minute has at least twenty of each kind, and not many more: those that kill themselves at a step count.
        let busy = length - (quietTime.upperBound - quietTime.lowerBound)
        for (part, kind) in WorkerKind.allCases.enumerated() {
            group.addTask {
                try await every(500...1_100, part: part, from: start) { _, _ in
                    let passed = start.duration(to: .now)
                    let active = passed >= quietTime.upperBound ? passed - (quietTime.upperBound - quietTime.lowerBound) : passed
                    let due = 24 * (length / .seconds(60)) * (active / busy)
                    if await Double(fleet.kills[kind] ?? 0) < due { await fleet.kill(kind) }
                }
            }
        }
    }

    private func stop(_: Int, _ random: inout SeededRandom) async throws {
        guard let kind = random.pick(WorkerKind.allCases) else { return }
        let beyond = lease * Double(110 + random.below(100)) / 100
        if await fleet.stop(kind, for: beyond) { tally.add("workers stopped past their lease") }
    }

    private func member(_: Int, _ random: inout SeededRandom) async throws {
        guard let kind = random.pick(WorkerKind.allCases) else { return }
        if await fleet.count(kind) < 3 { try await fleet.join(kind) } else { await fleet.leave(kind) }
    }

    // MARK: Servers

    private func serverFault(_ number: Int, _ random: inout SeededRandom) async throws {
        guard await servers.take() else { return }
        if servers.isCluster || random.draw(percent: 60) {
            let stream = JetStreamLogs.stream(number % 2 == 0 ? .events : .commands, of: application)
            let server = await servers.leader(of: stream, &random)
            let duration = random.duration(200...3_000)
            try await kill(server, .server, leading: servers.isCluster ? stream : nil, for: duration)
        } else {
            let duration = random.duration(500...4_000)
            await fleet.serverGoes()
            let fault = watch.begin(.server, .everything, isSilent: true)
            servers.nodes[0].pause()
            journal.note("server   stopped for \(RunClock.text(duration)) s")
            try await Task.sleep(for: duration)
            servers.nodes[0].resume()
            try await untilServed("the server went on")
            watch.end(fault)
            await fleet.serverIsBack()
            journal.note("server   goes on")
            tally.add("server stopped and continued")
        }
        await servers.give()
    }

    private func kill(_ server: any OwnedServer, _ kind: FaultKind, leading stream: String?, for duration: Duration) async throws {
        let fault = watch.begin(kind, .everything, isSilent: true)
        await fleet.serverGoes()
        await server.kill()
        let name = servers.name(of: server)
        journal.note("server   \(name)\(stream.map { ", which leads \($0)," } ?? "") killed, back in \(RunClock.text(duration)) s")
        try await Task.sleep(for: duration)
        try await server.restart()
        journal.note("server   \(name) is back")
        try await untilServed("\(name) is back")
        // A cluster elects leaders for seconds after it has lost one.
        let streams = [.events, .commands].map { JetStreamLogs.stream($0, of: application) } + ["KV_\(application)"]
        let back = ContinuousClock.now
        guard try await servers.isLed(streams) else { throw SupportError("the cluster has no leaders 20 s after \(name) is back") }
        if servers.isCluster { journal.note("server   all is led again \(RunClock.text(back.duration(to: .now))) s later") }
        watch.end(fault)
        await fleet.serverIsBack()
        tally.add(stream == nil ? "server killed and restarted" : "leaders killed and restarted")
    }

    /// Returns when the server is at work again, for which it may need longer than to come back.
    private func untilServed(_ what: String) async throws {
        let logs = logs
        let start = ContinuousClock.now
        while true {
            do {
                try await ForeignThread.run { try logs.checkService() }
                let passed = start.duration(to: .now)
                if passed > .seconds(1) { journal.note("server   is at work again \(RunClock.text(passed)) s later") }
                return
            } catch {
                guard start.duration(to: .now) < .seconds(30) else { throw SupportError("30 s after \(what): \(error)") }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    // MARK: Network

    private func networkFault(_ number: Int, _ random: inout SeededRandom) async throws {
        guard let network else { return }
        let trouble = Trouble.number(number, &random)
        let duration = random.duration(300...5_000)
        let who = random.below(100)
        let kind = random.pick(WorkerKind.allCases) ?? .commandHandler
        let names =
            who < 15 ? [Network.clients] : who < 30 ? await fleet.names(kind) : await fleet.anyName(kind).map { [$0] } ?? [Network.clients]
        journal.note("network  \(trouble) for \(RunClock.text(duration)) s: \(names.joined(separator: ", "))")
        try await suffer(trouble, .network, names, network) { try await Task.sleep(for: duration) }
        journal.note("network  mended: \(names.joined(separator: ", "))")
        tally.add("network \(trouble.name)")
    }

    private func suffer(
        _ trouble: Trouble, _ kind: FaultKind, _ names: [String], _ network: Network, _ meanwhile: () async throws -> Void
    ) async throws {
        let lines = try names.map { try network.line(of: $0) }
        await fleet.breaks(names)
        let faults = names.map { watch.begin(kind, .worker($0), isSilent: trouble.isSilent) }
        let mends = try await ForeignThread.run { try lines.map { try $0.begin(trouble) } }
        try await meanwhile()
        try await ForeignThread.run { for mend in mends { try mend() } }
        for fault in faults { watch.end(fault) }
        await fleet.mends(names)
    }

    /// What is stored, and whose storer is never told: an answer is lost on its way, alone or with the server that gave it.
    private func lostAnswers(_ number: Int, _ random: inout SeededRandom) async throws {
        guard let network else { return }
        if number % 2 == 0, await servers.take() {
            let server = await servers.leader(of: JetStreamLogs.stream(.events, of: application), &random)
            let away = random.duration(200...1_500)
            let everybody = await fleet.names() + [Network.clients]
            journal.note("answers  lost on their way to everybody, then with the server")
            let fault = watch.begin(.answers, .everything, isSilent: true)
            try await suffer(.cutDown, .answers, everybody, network) {
                let before = watch.summary.stored
                try await Task.sleep(for: random.duration(100...400))
                let stored = watch.summary.stored - before
                try await kill(server, .answers, leading: nil, for: away)
                journal.note("answers  \(stored) records were stored whose storers were not told")
                tally.add("records stored before a kill, answer lost", stored)
            }
            watch.end(fault)
            await servers.give()
            tally.add("answers lost to all, then the server killed")
        } else {
            let duration = random.duration(300...4_000)
            let name = random.draw(percent: 35) ? Network.clients : await fleet.anyName(random.pick(WorkerKind.allCases) ?? .saga) ?? Network.clients
            journal.note("answers  lost on their way to \(name) for \(RunClock.text(duration)) s")
            try await suffer(.cutDown, .answers, [name], network) { try await Task.sleep(for: duration) }
            journal.note("answers  reach \(name) again")
            tally.add("answers lost to one")
        }
    }

    // MARK: Duplicates

    /// Stored commands are published once more, just as they lie there: a server that has a window recognises the message id within it.
    private func duplicates(_: Int, _ random: inout SeededRandom) async throws {
        let now = journal.clock.now
        var commands = watch.recentCommands
        if let duplicateWindow {
            // The server counts its window from when it stored, we from when we read.
            let margin = Duration.milliseconds(500)
            commands = commands.filter { now - $0.readAt > duplicateWindow + margin || now - $0.readAt < duplicateWindow - margin }
        }
        let picked = (0..<1 + random.below(4)).compactMap { _ in random.pick(commands) }
        let logs = logs
        for command in picked {
            // Nothing but the publisher decides the partition of a Kafka record.
            let isMisplaced = logs.haveTransactions && random.draw(percent: 20)
            var record = command.record
            if isMisplaced { record.partition = (record.partition + 1 + random.below(FaultRun.partitionCount - 1)) % FaultRun.partitionCount }
            let again = record
            // While the server is away nothing can be published; the next turn tries others.
            guard let isKnown = try? await ForeignThread.run({ try logs.publishAgain(again) }) else { return }
            guard let duplicateWindow else {
                tally.add(isMisplaced ? "records published again, to another partition" : "records published again")
                continue
            }
            let isLate = now - command.readAt > duplicateWindow
            tally.add(
                isKnown
                    ? "records published again, absorbed by the broker"
                    : isLate ? "records published again, beyond its window" : "records published again, within its window, and stored")
        }
    }
}

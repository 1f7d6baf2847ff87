import EventHorizon
import EventHorizonHistory
import EventHorizonMemory
import EventHorizonSQLite
import EventHorizonWorkers
import GuestList
import GuestListHistory
import ServerSupport

/// One seed in this process, on the broker in memory: the same load and the same check, with the faults that need no process.
///
/// Nothing here can be killed, and the clock is the machine's: what a seed draws comes again, what it meets does not. For runs that come again as they
/// were, and for dying at any step, there is the simulator.
struct MemoryRun {
    let seed: UInt64
    let options: Options

    /// - Returns: Whether nothing was violated.
    func run() async throws -> Bool {
        let journal = Journal(clock: RunClock())
        journal.write(
            "seed \(seed): \(options.faults.isEmpty ? "no faults" : FaultKind.names(FaultKind.allCases.filter { options.faults.contains($0) })) for "
                + "\(RunClock.text(options.length)) s in this process, \(options.rate) commands/s, \(options.guests) guests at once")
        let broker = MemoryBroker(application: FaultRun.application, partitionCount: FaultRun.partitionCount, faults: faults)
        let store = try SQLite.temporary()
        let clock = journal.clock
        let sent = SentLog { clock.now }
        let crew = MemoryCrew(broker: broker, store: store, journal: journal)
        let load = GuestLoad(
            seed: seed, broker: broker, rate: options.rate, duplicateWindow: options.faults.contains(.duplicates) ? options.duplicateWindow : nil,
            sent: sent)
        for kind in WorkerKind.allCases { for _ in 0..<2 { await crew.join(kind) } }

        let loading = Task { await load.run(guests: options.guests) }
        try await disturb(crew)
        load.stop()
        let quiet = journal.clock.now
        journal.note("faults end; waiting until all is at rest")
        var violations = await rest(loading, broker, store, since: quiet, journal)
        let lag = journal.clock.now - quiet
        loading.cancel()
        await loading.value
        await crew.leave()

        journal.note("checking")
        var history = History(partitionCount: FaultRun.partitionCount, sent: sent.commands, events: [])
        history.add(broker)
        let tables = try history.add(readModels: store)
        violations += history.violations() + history.guestListViolations(tables)
        for problem in await crew.problems { violations.append(Violation(.workers, nil, problem)) }
        var table = RunReport(seed: seed, history: history, sent: sent, violations: violations)
        if options.faults.contains(.members) { table.add("members joined, left", "\(await crew.joins), \(await crew.leaves)") }
        for (signal, count) in crew.signals.counts { table.add(signal, "\(count)") }
        table.add("at rest after", "\(RunClock.text(lag)) s")
        table.write(to: journal)
        return violations.isEmpty
    }

    private var faults: MemoryFaults {
        var faults = MemoryFaults(seed: seed)
        faults.lateDelivery = 0.01
        if options.faults.contains(.members) { faults.lostPartition = 0.002 }
        if options.faults.contains(.answers) {
            faults.lateAnswer = 0.05
            faults.duplicateAnswer = 0.02
            faults.lateProgress = 0.2
        }
        if options.faults.contains(.duplicates) {
            faults.doubledMessage = 0.05
            faults.readerRestart = 0.005
        }
        return faults
    }

    private func disturb(_ crew: MemoryCrew) async throws {
        var random = SeededRandom(seed: seed, part: 11)
        let end = ContinuousClock.now + options.length
        while options.faults.contains(.members) {
            let next = ContinuousClock.now + random.duration(300...1_500)
            guard next < end, let kind = random.pick(WorkerKind.allCases) else { break }
            try await Task.sleep(until: next, clock: .continuous)
            if await crew.count(kind) < 3 { await crew.join(kind) } else { await crew.leave(kind, &random) }
        }
        try await Task.sleep(until: end, clock: .continuous)
    }

    private func rest(_ loading: Task<Void, Never>, _ broker: MemoryBroker, _ store: SQLite, since start: Duration, _ journal: Journal) async
        -> [Violation]
    {
        let isDone = Flag()
        let waiter = Task {
            await loading.value
            isDone.set()
        }
        defer { waiter.cancel() }
        var missing: [String] = []
        while journal.clock.now - start < FaultRun.restLimit {
            try? await Task.sleep(for: .milliseconds(500))
            missing = isDone.isSet ? [] : ["clients wait for acknowledgements"]
            var history = History(partitionCount: FaultRun.partitionCount, sent: [], events: [])
            history.add(broker)
            let decided = Set(history.events.flatMap(\.commit.decided).map(\.id))
            let waiting = history.commands.count { !decided.contains($0.envelope.id) }
            if waiting > 0 { missing.append("\(waiting) commands have no outcome") }
            do {
                // What a history says of checkpoints and of guests that nobody answered is what is still under way.
                let tables = try history.add(readModels: store)
                let behind = history.checkpointViolations() + history.guestListViolations(tables)
                if let first = behind.first { missing.append("\(first)") }
            } catch { missing.append("\(error)") }
            if missing.isEmpty { return [] }
        }
        let text = missing.joined(separator: "; ")
        journal.note("PROBLEM  not at rest: \(text)")
        return [Violation(.lag, nil, "\(RunClock.text(FaultRun.restLimit)) s after the last fault's end: \(text)")]
    }
}

extension History {
    mutating func add(_ broker: MemoryBroker) {
        for record in broker.records(of: .commands) {
            switch record.content {
            case .command(let envelope):
                commands.append(LoggedCommand(partition: record.partition, position: record.position, envelope: envelope))
            default: unreadable.append("the command at \(record.position)")
            }
        }
        for record in broker.records(of: .events) {
            switch record.content {
            case .commit(let commit): events.append(LoggedCommit(partition: record.partition, position: record.position, commit: commit))
            default: unreadable.append("the commit at \(record.position)")
            }
        }
        endOfEvents = events.last?.position ?? .start
    }
}

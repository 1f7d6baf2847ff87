internal import EventHorizon
public import EventHorizonHistory
internal import EventHorizonMemory
internal import EventHorizonSQLite
public import EventHorizonTesting
internal import EventHorizonWorkers
internal import GuestList
internal import GuestListHistory

/// One seed of the guest list: its three kinds of workers under faults, and the same checks as after a fault run.
public struct GuestListSimulation: Sendable {
    public let seed: UInt64
    public let faults: SimulationFaults
    private let trace: (@Sendable (String) -> Void)?

    /// - Parameters:
    ///   - seed: decides everything.
    ///   - quirks: which the broker may have.
    ///   - atomicSettle: whether it stores outcomes whole or not at all.
    ///   - processes: what may be done to workers.
    ///   - trace: is given a line for everything that a worker tells and that is done to it.
    public init(
        seed: UInt64, quirks: Set<BrokerQuirk> = BrokerQuirk.jetStream, atomicSettle: Bool = false,
        processes: Set<ProcessFault> = Set(ProcessFault.allCases),
        trace: (@Sendable (String) -> Void)? = nil
    ) {
        self.seed = seed
        self.trace = trace
        var faults = SimulationFaults.drawn(from: seed, quirks: quirks, processes: processes)
        faults.atomicSettle = atomicSettle
        self.faults = faults
    }

    /// - Throws: `SimulationError` where it stalled; what the read models' store throws.
    public func run() throws -> SimulatedHistory {
        var random = SeededGenerator(seed: seed ^ 0x9E57)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        let store = try SQLite.temporary()
        let folder = store.folder
        var settings = CommandSettings()
        settings.recentCommands = [0, 1, 2, 8][below(4)]
        settings.sharedCommands = [1, 2, 64][below(3)]
        settings.cachedStreams = [2, 10_000][below(2)]
        settings.failures.retry.budget = [.zero, .milliseconds(200), .seconds(2)][below(3)]
        // Processes are killed for no reason so often that three die in a row with the same message alone in hand.
        settings.trapAttempts = 6
        // Drawn apart from all else, which an earlier build's seeds draw as ever.
        var deadly = SeededGenerator(seed: seed ^ 0xDEAD)
        let poison = Poison(of: [nil, nil, .commandHandlers, .projectors][below(4)], isDeadly: deadly.next() % 2 == 0)
        let simulation = Simulation(
            faults: faults, application: "simulated", partitionCount: 1 + below(4),
            workers: [
                SimulatedWorkers("command handler", count: 1 + below(2)) { [settings] process in
                    var worker = CommandHandlerWorker(Invitation.self, broker: process.broker, payloads: [Poison.Format(poison, in: process)])
                    worker.settings = settings
                    return [worker]
                },
                SimulatedWorkers("projector", count: 1 + below(2)) { [settings] process in
                    // A store of its own: what a killed process had open is gone with it.
                    let store = SQLite(folder: folder)
                    var worker = ProjectorWorker(
                        process.killable(poison.poisoning(InvitationTable())), process.killable(poison.poisoning(GuestListTable())), into: store,
                        broker: process.broker)
                    worker.failures = settings.failures
                    return [worker]
                },
                SimulatedWorkers("saga worker", count: 1 + below(2)) { [settings] process in
                    var worker = SagaWorker(Seating.self, broker: process.broker)
                    worker.settings = settings
                    return [worker]
                },
            ], trace: trace)
        let executor = simulation.executor
        let sent = SentLog { executor.clock.now - .init(nanoseconds: 0) }
        let guests = SimulatedGuests(lists: 1 + below(3), guestsPerList: 2 + below(4), seed: seed, sent: sent, poison: poison)
        let report = try simulation.run {
            // What is held back is projected a little after it is passed over.
            [ProjectionID(InvitationTable.self), ProjectionID(GuestListTable.self)].flatMap { projection in
                ((try? store.checkpoints(of: projection)) ?? [:]).values.flatMap { $0.held.keys.map { "\(projection) holds '\($0)' back" } }
            }
        } load: { broker in
            await guests.run(on: broker)
        }
        return try check(report, simulation.broker, sent, store)
    }

    private func check(_ report: SimulationReport, _ broker: MemoryBroker, _ sent: SentLog, _ store: SQLite) throws -> SimulatedHistory {
        var unreadable: [String] = []
        var commands: [LoggedCommand] = []
        var events: [LoggedCommit] = []
        for record in broker.records(of: .commands) {
            if let envelope = record.command {
                commands.append(LoggedCommand(partition: record.partition, position: record.position, envelope: envelope))
            } else {
                unreadable.append("the command at \(record.position): \(record.content)")
            }
        }
        for record in broker.records(of: .events) {
            if let commit = record.commit {
                events.append(LoggedCommit(partition: record.partition, position: record.position, commit: commit))
            } else {
                unreadable.append("the commit at \(record.position): \(record.content)")
            }
        }
        let (tables, progress) = try GuestListTables.read(from: store)
        let history = History(
            partitionCount: broker.topology.partitionCount, sent: sent.commands, events: events, commands: commands, readModels: progress,
            unreadable: unreadable)
        let problems = report.problems.map { Violation(.run, nil, $0) } + history.innocents
        return SimulatedHistory(report: report, history: history, violations: problems + history.violations() + history.guestListViolations(tables))
    }
}

extension History {
    /// Streams that were given up because workers died, though none died of them.
    fileprivate var innocents: [Violation] {
        events.filter { !$0.commit.stream.aggregate.hasSuffix(Poison.mark) }.flatMap { logged in
            logged.commit.decided.compactMap { decided in
                guard case .parked(_, let reason) = decided.outcome, reason.contains("its worker died") else { return nil }
                return Violation(.run, logged.commit.stream, "an innocent command is parked: \(reason)")
            }
        }
    }
}

extension Violation.Check {
    /// Workers run on, leave when asked, share partitions out, and are done with all work in time after the faults.
    public static let run = Self("run")
}

import EventHorizon
import EventHorizonMemory
import EventHorizonSQLite
import EventHorizonTesting
import EventHorizonWorkers
import Synchronization
import Testing

/// A counter that counts what it is told to.
private struct Counter: Aggregate {
    static let category = "test.v1.Counter"
    enum Command: Message {
        case add(amount: Int)
        enum CodingKeys: String, MessageName { case add = "test.v1.Add" }
    }
    enum Event: Message {
        case added(amount: Int)
        enum CodingKeys: String, MessageName { case added = "test.v1.Added" }
    }
    typealias Rejection = Never
    func decide(_ command: Command) -> [Event] {
        switch command {
        case .add(let amount): [.added(amount: amount)]
        }
    }
    func evolve(with event: Event) {}
}

private struct Sums: Projector {
    static let name = "sums"
    static let reads = Events(of: Counter.self)
    func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute("CREATE TABLE total (id TEXT PRIMARY KEY, amount INTEGER NOT NULL)")
    }
    func project(_ event: Recorded<Counter>, in db: borrowing SQLiteTransaction) throws {
        switch event.body {
        case .added(let amount):
            try db.execute(
                "INSERT INTO total VALUES (?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount", event.aggregate, amount)
        }
    }
}

/// A worker that does as it is told.
private struct Odd: Worker {
    var instruments: [any Instrument] = []
    let body: @Sendable () async throws -> Void
    func run() async throws { try await body() }
}

/// Simulations as an adopter writes them, and what they find.
@Suite(.timeLimit(.minutes(2))) struct SimulationTests {
    @Test func a_domain_of_ones_own_is_simulated() throws {
        var faultCount = 0
        for seed in 1...30 as ClosedRange<UInt64> {
            let store = try SQLite.temporary()
            let folder = store.folder
            let simulation = Simulation(
                faults: .drawn(from: seed),
                workers: [
                    SimulatedWorkers("command handler", count: 2) { process in [CommandHandlerWorker(Counter.self, broker: process.broker)] },
                    SimulatedWorkers("projector") { process in
                        [ProjectorWorker(process.killable(Sums()), into: SQLite(folder: folder), broker: process.broker)]
                    },
                ])
            let report = try simulation.run { broker in
                let commands = CommandPublisher(broker: broker)
                for amount in 1...20 {
                    _ = try? await commands.send(.add(amount: amount), to: Counter.ID("counter-\(amount % 3)"))
                    await broker.surroundings.clock.sleep(until: broker.surroundings.clock.now + .milliseconds(200))
                }
            }
            #expect(report.problems.isEmpty, "seed \(seed): \(report.problems)")
            faultCount += report.faults.reduce(0) { $0 + $1.count }
            let total = try store.snapshot(of: ProjectionID(Sums.self)) { db, _ in
                try db.row("SELECT sum(amount) AS total FROM total")?["total", as: Int.self]
            }
            #expect(total == 210, "seed \(seed)")
        }
        #expect(faultCount > 100)
    }

    /// One kind of process that runs `body`, for as long as `load` takes.
    private func simulate(
        faults: SimulationFaults = SimulationFaults(seed: 1), trace: (@Sendable (String) -> Void)? = nil,
        _ body: @escaping @Sendable (SimulatedProcess) async throws -> Void, load: @escaping @Sendable (MemoryBroker) async -> Void = { _ in }
    ) throws -> SimulationReport {
        let workers = SimulatedWorkers("odd one") { process in [Odd { try await body(process) }] }
        return try Simulation(faults: faults, workers: [workers], trace: trace).run(load: load)
    }

    private static func wait(_ process: SimulatedProcess, for duration: Duration = .seconds(3_600)) async {
        let clock = process.broker.surroundings.clock
        await clock.sleep(until: clock.now + duration)
    }

    @Test func a_worker_that_ends_by_itself_is_a_problem() throws {
        let report = try simulate(
            { _ in }, load: { broker in await broker.surroundings.clock.sleep(until: broker.surroundings.clock.now + .seconds(1)) })
        #expect(report.problems.first == "odd one 1 ended though nobody asked it to")
    }

    @Test func a_worker_that_throws_is_a_problem() throws {
        let report = try simulate({ _ in throw Misconfiguration("no store") })
        #expect(report.problems.first == "odd one 1 ended: no store")
    }

    @Test func a_worker_that_does_not_leave_is_a_problem() throws {
        let report = try simulate { process in
            let end = process.broker.surroundings.clock.now + .seconds(100)
            // Cancelled, it does not sleep, and does not end either.
            while process.broker.surroundings.clock.now < end { await withCheckedContinuation { Parked.all.add($0) } }
        } load: { _ in
        }
        #expect(report.problems == ["odd one 1 was asked to leave and was still there 30.0 seconds later"])
    }

    @Test func work_that_nobody_does_is_a_problem() throws {
        let report = try simulate { process in
            await Self.wait(process)
        } load: { broker in
            // Somebody joins the group and leaves with its work undone.
            let command = Envelope(
                id: broker.surroundings.makeID(), kind: .command, stream: StreamID("test.v1.Counter", "a"),
                payload: Payload(name: "test.v1.Add", contentType: "", bytes: []), correlation: broker.surroundings.makeID(),
                occurredAt: broker.surroundings.clock.time)
            try? await broker.withMember(of: GroupDeclaration(name: "counters", log: .commands, categories: ["test.v1.Counter"])) { _ in }
            _ = try? await broker.publish([command])
        }
        #expect(report.problems.count == 1)
        #expect(report.problems.first?.contains("group 'counters' has not settled 1 records") ?? false)
    }

    @Test func a_killed_worker_is_started_anew_and_does_nothing_more_itself() throws {
        var faults = SimulationFaults(seed: 3)
        faults.killEvery = .milliseconds(500)
        let lines = Lines()
        let report = try simulate(faults: faults, trace: { lines.add($0) }) { process in
            while !Task.isCancelled { await Self.wait(process, for: .milliseconds(10)) }
        } load: { broker in
            await broker.surroundings.clock.sleep(until: broker.surroundings.clock.now + .seconds(20))
        }
        let kills = report.faults.first { $0.name == "kills" }?.count ?? 0
        #expect(report.problems.isEmpty && kills > 5)
        #expect(lines.all.count { $0.hasSuffix(": killed") } > 5)
        #expect(lines.all.count { $0.hasSuffix(": started") } == lines.all.count { $0.hasSuffix(": killed") } + 1)
    }

    @Test func a_process_killed_inside_its_stores_transaction_has_stored_nothing_of_it() throws {
        var faults = SimulationFaults(seed: 1)
        faults.killAtStep = 0.4
        let store = try SQLite.temporary()
        let folder = store.folder
        let simulation = Simulation(
            faults: faults, partitionCount: 1,
            workers: [
                SimulatedWorkers("command handler") { process in [CommandHandlerWorker(Counter.self, broker: process.broker)] },
                SimulatedWorkers("projector") { process in
                    [ProjectorWorker(process.killable(Sums()), into: SQLite(folder: folder), broker: process.broker)]
                },
            ])
        let report = try simulation.run { broker in
            for amount in 1...10 {
                _ = try? await CommandPublisher(broker: broker).send(.add(amount: amount), to: Counter.ID("a"))
                await broker.surroundings.clock.sleep(until: broker.surroundings.clock.now + .seconds(5))
            }
        }
        #expect(report.faults.contains { $0.name == "kills at a step: inTransaction" })
        #expect(report.problems.isEmpty)
        let total = try store.snapshot(of: ProjectionID(Sums.self)) { db, _ in try db.row("SELECT amount FROM total")?["amount", as: Int.self] }
        #expect(total == 55)
    }
}

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

/// Keeps what is never resumed.
private final class Parked: Sendable {
    static let all = Parked()
    private let list = Mutex<[CheckedContinuation<Void, Never>]>([])
    func add(_ continuation: CheckedContinuation<Void, Never>) { list.withLock { $0.append(continuation) } }
}

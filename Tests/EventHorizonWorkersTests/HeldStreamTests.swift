import EventHorizon
import EventHorizonMemory
import EventHorizonSQLite
import EventHorizonWorkers
import Synchronization
import Testing

/// Every movement of every account, in the order in which it was projected. Cannot take 666 until it is mended.
private struct Movements: Projector {
    static let name = "movements"
    static let reads = Events(of: Account.self, only: .deposited)
    let bug: Bug

    final class Bug: Sendable {
        private let isThere = Mutex(true)
        func check() throws { if isThere.withLock({ $0 }) { throw Balances.Unlucky() } }
        func mend() { isThere.withLock { $0 = false } }
    }

    func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute("CREATE TABLE movement (number INTEGER PRIMARY KEY, id TEXT NOT NULL, amount INTEGER NOT NULL)")
    }

    func project(_ event: Recorded<Account>, in db: borrowing SQLiteTransaction) throws {
        guard case .deposited(let amount) = event.body else { return }
        if amount == 666 { try bug.check() }
        try db.execute("INSERT INTO movement (id, amount) VALUES (?, ?)", event.aggregate, amount)
    }
}

/// An event that cannot be projected holds its stream back and nothing else, until it is released.
@Suite(.timeLimit(.minutes(1))) struct HeldStreamTests {
    let broker = MemoryBroker(application: "bank", partitionCount: 1)
    let signals = Signals()
    let store: SQLite
    let commands: CommandPublisher
    private let bug = Movements.Bug()
    private let ada = StreamID(Category(Account.category), "ada")

    init() throws {
        store = try SQLite.temporary()
        commands = CommandPublisher(broker: broker)
        let movements = Movements(bug: bug)
        _ = try store.prepare(ProjectionID(Movements.self)) { db in try movements.createSchema(in: db) }
    }

    private func workers(_ change: (inout FailurePolicy) -> Void = { _ in }) -> [any Worker] {
        var projector = ProjectorWorker(Movements(bug: bug), into: store, broker: broker)
        projector.failures.retry = RetryPolicy(firstDelay: .milliseconds(1), longestDelay: .milliseconds(4), budget: .milliseconds(30))
        projector.instruments = [signals]
        change(&projector.failures)
        return [CommandHandlerWorker(Account.self, broker: broker), projector]
    }

    private func deposit(_ amounts: [Int], to account: String) async throws {
        // One after the other: each is a commit of its own.
        for amount in amounts { _ = try await commands.ask(.deposit(amount: amount), to: Account.ID(account)) }
    }

    private func amounts(of account: String) throws -> [Int] {
        try store.snapshot(of: ProjectionID(Movements.self)) { db, _ in
            try db.rows("SELECT amount FROM movement WHERE id = ? ORDER BY number", account).map { try $0[0] }
        }
    }

    private var held: [StreamID: HeldStream] {
        get throws { try store.checkpoints(of: ProjectionID(Movements.self))[0]?.held ?? [:] }
    }

    private func parked() async throws {
        try await eventually("the stream is parked") { try held[ada]?.isParked ?? false }
    }

    @Test func a_stream_that_cannot_be_projected_is_parked_and_others_go_on() async throws {
        try await running(workers()) {
            try await deposit([1, 666, 3], to: "ada")
            try await deposit(Array(1...50), to: "bob")
            try await eventually("bob's are projected") { try amounts(of: "bob").count == 50 }
            try await parked()
            try await deposit([4], to: "ada")
            guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 51), to: Account.ID("bob")) else { throw Unexpected() }
            try await store.read(Movements.self, atLeast: receipt) { _ in }
            guard case .accepted(let late) = try await commands.ask(.deposit(amount: 5), to: Account.ID("ada")) else { throw Unexpected() }
            await #expect(throws: ReadModelError.parked(ProjectionID(Movements.self), ada)) {
                try await store.read(Movements.self, atLeast: late) { _ in }
            }
        }
        #expect(try amounts(of: "ada") == [1])
        #expect(try amounts(of: "bob") == Array(1...51))
        let letters = broker.records(of: .deadLetters).compactMap(\.letter)
        #expect(letters.count == 1, "what comes behind it lies in the events log")
        #expect(letters.first?.stream == ada && letters.first.map { $0.attempts > 1 && $0.reason.contains("Unlucky") } ?? false)
        #expect(signals.all.count { if case .parked(_, ada, .failed, _) = $0 { true } else { false } } == 1)
    }

    @Test func a_release_projects_what_was_held_in_order() async throws {
        try await running(workers()) {
            try await deposit([1, 666, 3], to: "ada")
            try await parked()
            // Before the mend it stays as it is.
            try await commands.release(ada)
            try await deposit([4, 5], to: "ada")
            bug.mend()
            try await commands.release(ada)
            try await deposit([6], to: "ada")
            try await eventually("all are projected") { try amounts(of: "ada").count == 6 }
        }
        #expect(try amounts(of: "ada") == [1, 666, 3, 4, 5, 6])
        #expect(try held.isEmpty)
        #expect(signals.all.contains { if case .released(_, ada) = $0 { true } else { false } })
        #expect(broker.records(of: .deadLetters).compactMap(\.letter).count == 1)
    }

    @Test func a_worker_that_starts_tries_what_is_parked_once() async throws {
        try await running(workers()) {
            try await deposit([666, 2], to: "ada")
            try await parked()
        }
        let before = broker.records(of: .deadLetters).count
        try await running(workers()) {
            guard case .accepted = try await commands.ask(.deposit(amount: 3), to: Account.ID("ada")) else { throw Unexpected() }
            try await eventually("it is passed over") { try held[ada]?.last == Position(3) }
        }
        #expect(try amounts(of: "ada").isEmpty)
        #expect(broker.records(of: .deadLetters).count == before)
        bug.mend()
        try await running(workers()) { try await eventually("all are projected") { try amounts(of: "ada").count == 3 } }
        #expect(try amounts(of: "ada") == [666, 2, 3])
    }

    @Test func what_is_mended_within_the_budget_is_never_parked() async throws {
        try await running(workers { $0.retry.budget = .seconds(60) }) {
            try await deposit([1, 666, 3], to: "ada")
            try await deposit([1, 2], to: "bob")
            try await eventually("bob's are projected, ada's wait") { try amounts(of: "bob").count == 2 && held[ada] != nil }
            bug.mend()
            try await eventually("all are projected") { try amounts(of: "ada").count == 3 }
        }
        #expect(try amounts(of: "ada") == [1, 666, 3])
        #expect(broker.records(of: .deadLetters).isEmpty)
    }

    @Test func a_policy_that_halts_ends_the_worker_and_passes_nothing_over() async throws {
        try await running([CommandHandlerWorker(Account.self, broker: broker)]) { try await deposit([1, 666, 3], to: "ada") }
        let error = await #expect(throws: HandlerHalted.self) { try await workers { $0[.failed].action = .halt }[1].run() }
        #expect(error?.stream == ada && error?.type == "bank.v1.Deposited")
        #expect(try amounts(of: "ada") == [1])
        bug.mend()
        try await running(workers()) { try await eventually("all are projected") { try amounts(of: "ada").count == 3 } }
        #expect(try amounts(of: "ada") == [1, 666, 3])
    }
}

import EventHorizon
import EventHorizonMemory
import EventHorizonSQLite
import EventHorizonWorkers
import Synchronization
import Testing

/// Gathers signals.
final class Signals: Instrument {
    private let list = Mutex<[Signal]>([])
    func receive(_ signal: Signal) { list.withLock { $0.append(signal) } }
    var all: [Signal] { list.withLock { $0 } }
}

/// Runs workers on a broker for as long as `body` takes, then drains them.
func running(_ workers: [any Worker], _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in workers { group.addTask { try await worker.run() } }
        do {
            try await body()
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}

/// Looks again until `condition` holds.
func eventually(within limit: Duration = .seconds(10), _ what: Comment, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("not within \(limit): \(what)")
            return
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}

@Suite(.timeLimit(.minutes(1))) struct EndToEndTests {
    let broker = MemoryBroker(application: "bank")
    let signals = Signals()

    func handler() -> CommandHandlerWorker {
        var worker = CommandHandlerWorker(Account.self, broker: broker)
        worker.instruments = [signals]
        return worker
    }

    @Test func commands_are_answered_with_versions_or_the_typed_reason() async throws {
        let commands = CommandPublisher(broker: broker)
        let ada: Account.ID = "ada"
        try await running([handler()]) {
            try await commands.send(.deposit(amount: 50), to: ada)
            guard case .accepted(let receipt) = try await commands.ask(.withdraw(amount: 20), to: ada) else { throw Unexpected() }
            #expect(receipt.versions == 2..<3)
            guard case .rejected(let reason) = try await commands.ask(.withdraw(amount: 31), to: ada) else { throw Unexpected() }
            #expect(reason == .overdrawn(balance: 30))
            guard case .accepted(let closing) = try await commands.ask(.close, to: ada) else { throw Unexpected() }
            #expect(closing.versions == 3..<4)
            guard case .accepted(let nothing) = try await commands.ask(.close, to: ada) else { throw Unexpected() }
            #expect(nothing.versions.isEmpty && nothing.version == 3)
        }
        let commits = broker.records(of: .events).compactMap(\.commit)
        #expect(commits.flatMap(\.events).map(\.payload.name) == ["bank.v1.Deposited", "bank.v1.Withdrawn", "bank.v1.Closed"])
        #expect(commits.map(\.number) == Array(1...commits.count))
        #expect(commits.flatMap(\.decided).count == 5)
    }

    @Test func a_repeated_command_has_one_effect_and_the_same_answer() async throws {
        let commands = CommandPublisher(broker: broker)
        let context = CommandContext(id: broker.surroundings.makeID())
        try await running([handler()]) {
            guard case .accepted(let first) = try await commands.ask(.deposit(amount: 1), to: Account.ID("ada"), context: context) else {
                throw Unexpected()
            }
            try await commands.send(.deposit(amount: 2), to: Account.ID("ada"))
            guard case .accepted(let again) = try await commands.ask(.deposit(amount: 1), to: Account.ID("ada"), context: context) else {
                throw Unexpected()
            }
            #expect(first.versions == again.versions)
        }
        #expect(broker.records(of: .events).compactMap(\.commit).flatMap(\.events).count == 2)
    }

    @Test func an_expected_version_is_a_condition() async throws {
        let commands = CommandPublisher(broker: broker)
        try await running([handler()]) {
            try await commands.send(.deposit(amount: 1), to: Account.ID("ada"))
            await #expect(throws: VersionConflict(expected: 0, actual: 1)) {
                _ = try await commands.ask(.deposit(amount: 1), to: Account.ID("ada"), context: CommandContext(expectedVersion: 0))
            }
            guard case .accepted = try await commands.ask(.close, to: Account.ID("ada"), context: CommandContext(expectedVersion: 1)) else {
                throw Unexpected()
            }
        }
    }

    @Test func an_expired_command_is_not_decided() async throws {
        let commands = CommandPublisher(broker: broker)
        let past = Timestamp(nanoseconds: broker.surroundings.clock.time.nanoseconds - 1)
        let ada: Account.ID = "ada"
        try await running([handler()]) {
            await #expect(throws: CommandExpired.self) {
                _ = try await commands.ask(.deposit(amount: 1), to: ada, context: CommandContext(expiry: past))
            }
            guard case .rejected(.overdrawn(balance: 0)) = try await commands.ask(.withdraw(amount: 1), to: ada) else { throw Unexpected() }
        }
    }

    @Test func lineage_passes_from_command_to_event() async throws {
        let commands = CommandPublisher(broker: broker)
        let context = CommandContext(
            trace: TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), tenant: "olympus", principal: "zeus",
            metadata: ["channel": "web"])
        try await running([handler()]) { _ = try await commands.ask(.deposit(amount: 1), to: Account.ID("ada"), context: context) }
        let command = try #require(broker.records(of: .commands).first?.command)
        let event = try #require(broker.records(of: .events).first?.commit?.events.first)
        #expect(event.causation == command.id && event.correlation == command.correlation)
        #expect(event.trace == context.trace && event.tenant == "olympus" && event.principal == "zeus" && event.metadata == ["channel": "web"])
    }

    @Test func what_cannot_be_decoded_is_a_dead_letter_and_the_rest_goes_on() async throws {
        let commands = CommandPublisher(broker: broker)
        let id = broker.surroundings.makeID()
        func raw(_ name: String, _ json: String) -> Envelope {
            Envelope(
                id: broker.surroundings.makeID(), kind: .command, stream: StreamID("bank.v1.Account", "ada"),
                payload: Payload(name: name, contentType: "application/json", bytes: Array(json.utf8)), correlation: id,
                occurredAt: Timestamp(nanoseconds: 0))
        }
        try await running([handler()]) {
            _ = try await broker.publish([raw("bank.v1.Unknown", "{}"), raw("bank.v1.Deposit", "{"), raw("bank.v1.Deposit", #"{"amount":7}"#)])
            guard case .rejected(let reason) = try await commands.ask(.withdraw(amount: 8), to: Account.ID("ada")) else { throw Unexpected() }
            #expect(reason == .overdrawn(balance: 7))
            let answer = try await broker.request(raw("bank.v1.Unknown", "{}"), within: .seconds(5))
            guard case .deadLettered(let reason) = answer.outcome else { throw Unexpected() }
            #expect(reason.contains("bank.v1.Unknown"))
        }
        let letters = broker.records(of: .deadLetters).compactMap(\.letter)
        #expect(letters.map(\.type) == ["bank.v1.Unknown", "bank.v1.Deposit", "bank.v1.Unknown"])
        #expect(letters.allSatisfy { $0.stream == StreamID("bank.v1.Account", "ada") && !$0.record.isEmpty })
    }

    @Test func rows_follow_and_are_read_after_the_write() async throws {
        let store = try SQLite.temporary()
        let commands = CommandPublisher(broker: broker)
        try await running([handler(), ProjectorWorker(Balances(), into: store, broker: broker)]) {
            for amount in 1...20 { try await commands.send(.deposit(amount: amount), to: Account.ID("ada")) }
            guard case .accepted(let receipt) = try await commands.ask(.withdraw(amount: 10), to: Account.ID("ada")) else { throw Unexpected() }
            let rows = try await store.read(Balances.self, atLeast: receipt) { db in try db.rows("SELECT amount, changes FROM balance") }
            #expect(try rows.map { [try $0[0, as: Int.self], try $0[1, as: Int.self]] } == [[200, 21]])
        }
    }

    @Test func a_projector_whose_predecessor_died_before_it_said_its_progress_says_it() async throws {
        let broker = MemoryBroker(application: "bank", partitionCount: 1)
        let store = try SQLite.temporary()
        try await running([ProjectorWorker(Balances(), into: store, broker: broker)]) {
            try await eventually("the read model is there") { (try? store.checkpoints(of: ProjectionID(Balances.self))) != nil }
        }
        try await running([CommandHandlerWorker(Account.self, broker: broker)]) {
            _ = try await CommandPublisher(broker: broker).ask(.deposit(amount: 1), to: Account.ID("ada"))
        }
        // Rows and checkpoint are written, the group's progress is not.
        let end = Checkpoint(incarnation: broker.topology.incarnations[.events] ?? 0, position: Position(1))
        try store.write(ProjectionID(Balances.self), moving: [CheckpointMove(partition: 0, from: nil, to: end)]) { _ in }
        let group = "projector.\(ProjectionID(Balances.self))"
        #expect(broker.progress(of: group) == [.start])
        try await running([ProjectorWorker(Balances(), into: store, broker: broker)]) {
            try await eventually("the group's progress is its checkpoint") { broker.progress(of: group) == [Position(1)] }
        }
    }

    @Test func an_event_that_is_skipped_becomes_a_letter_and_its_aggregate_goes_on() async throws {
        let store = try SQLite.temporary()
        let commands = CommandPublisher(broker: broker)
        var projector = ProjectorWorker(Balances(), into: store, broker: broker)
        projector.failures.retry = RetryPolicy(firstDelay: .milliseconds(1), longestDelay: .milliseconds(2), budget: .milliseconds(20))
        projector.failures[.failed].action = .skip
        projector.instruments = [signals]
        try await running([handler(), projector]) {
            try await commands.send(.deposit(amount: 1), to: Account.ID("ada"))
            try await commands.send(.deposit(amount: 666), to: Account.ID("ada"))
            guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 5), to: Account.ID("ada")) else { throw Unexpected() }
            let rows = try await store.read(Balances.self, atLeast: receipt) { db in try db.rows("SELECT amount FROM balance") }
            #expect(try rows.map { try $0[0, as: Int.self] } == [6])
        }
        let letter = try #require(broker.records(of: .deadLetters).compactMap(\.letter).first)
        #expect(letter.group == "projector.balances-v1" && letter.attempts > 1 && letter.reason.contains("Unlucky"))
        #expect(signals.all.contains { if case .retried = $0 { true } else { false } })
    }

    @Test func a_saga_sends_each_effect_once_and_undoes_them() async throws {
        let commands = CommandPublisher(broker: broker)
        try await running([handler(), SagaWorker(Tax.self, broker: broker)]) {
            for _ in 0..<5 { try await commands.send(.deposit(amount: 100), to: Account.ID("ada")) }
            try await eventually("five effects") { broker.decisions(of: "office").count == 5 }
            guard case .rejected(.overdrawn(balance: 50)) = try await commands.ask(.withdraw(amount: 1000), to: Account.ID("office")) else {
                throw Unexpected()
            }
            try await commands.send(.close, to: Account.ID("ada"))
            try await eventually("undone") { broker.decisions(of: "office").count == 11 }
            guard case .rejected(.overdrawn(balance: 0)) = try await commands.ask(.withdraw(amount: 1), to: Account.ID("office")) else {
                throw Unexpected()
            }
        }
    }

    @Test func a_saga_is_told_of_what_was_rejected() async throws {
        let commands = CommandPublisher(broker: broker)
        try await running([handler(), SagaWorker(Tax.self, broker: broker)]) {
            _ = try await commands.ask(.close, to: Account.ID("office"))
            try await commands.send(.deposit(amount: 100), to: Account.ID("ada"))
            try await eventually("a complaint") { broker.decisions(of: "complaints").count == 1 }
        }
        let note = try #require(broker.records(of: .events).compactMap(\.commit).first { $0.stream.aggregate == "complaints" }?.events.first)
        #expect(String(decoding: note.payload.bytes, as: UTF8.self).contains("refusal 1"))
        let deposit = try #require(broker.records(of: .commands).compactMap(\.command).first { $0.stream.aggregate == "ada" })
        #expect(note.correlation == deposit.correlation)
    }

    @Test func a_command_in_the_wrong_partition_is_forwarded() async throws {
        let commands = CommandPublisher(broker: broker)
        let two = CommandHandlerWorker(Account.self, broker: broker)
        try await running([handler(), two]) {
            for index in 0..<40 { try await commands.send(.deposit(amount: index), to: Account.ID("account \(index)")) }
            try await eventually("all decided") { broker.records(of: .events).count >= 40 }
        }
        #expect(Set(broker.records(of: .events).compactMap(\.commit?.stream.aggregate)).count == 40)
    }

    @Test func ids_that_look_alike_are_two_aggregates() async throws {
        let commands = CommandPublisher(broker: broker)
        let (one, two): (Account.ID, Account.ID) = ("m\u{FC}ller", "mu\u{308}ller")
        #expect(one != two)
        try await running([handler()]) {
            _ = try await commands.ask(.deposit(amount: 1), to: one)
            guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 2), to: two) else { throw Unexpected() }
            #expect(receipt.versions == 1..<2)
        }
    }

    @Test func unnamed_messages_and_timers_are_refused_in_sentences() async throws {
        struct Waiting: Saga {
            enum Timer: Codable, Sendable { case late }
            static let name = "waiting"
            static let reads = Events(of: Account.self)
            static func route(_ event: Recorded<Account>) -> SagaRoute { .ignore }
            mutating func react(to event: Recorded<Account>) -> [Effect] { [] }
            mutating func react(to timer: Timer) -> [Effect] { [] }
        }
        await #expect(throws: Misconfiguration.self) { try await SagaWorker(Waiting.self, broker: broker).run() }
        await #expect(throws: Misconfiguration.self) { try await CommandHandlerWorker(Account.self, Account.self, broker: broker).run() }
    }
}

struct Unexpected: Error {}

extension MemoryBroker {
    func decisions(of aggregate: String) -> [DecidedCommand] {
        records(of: .events).compactMap(\.commit).filter { $0.stream.aggregate == aggregate && $0.step == nil }.flatMap(\.decided)
    }
}

/// What a later build of the bank would write.
private struct LaterAccount: Aggregate {
    static let category = Account.category
    typealias Command = Account.Command
    enum Event: Message {
        case deposited(amount: Int, currency: String)
        enum CodingKeys: String, MessageName { case deposited = "bank.v1.Deposited" }
        struct Before: Codable { var amount: Int }
        static let catalog: MessageCatalog<Self> = [
            .upcast(.deposited, from: Before.self, schema: 1) { [.deposited(amount: $0.amount, currency: "EUR")] }
        ]
    }
    func decide(_ command: Command) -> [Event] { [.deposited(amount: 1, currency: "USD")] }
    mutating func evolve(with event: Event) {}
}

@Suite(.timeLimit(.minutes(1))) struct FutureTests {
    let broker = MemoryBroker(application: "bank")

    @Test func every_worker_stops_at_what_a_newer_build_wrote_and_names_it() async throws {
        let commands = CommandPublisher(broker: broker)
        try await running([CommandHandlerWorker(LaterAccount.self, broker: broker)]) {
            _ = try await commands.ask(.deposit(amount: 1), to: LaterAccount.ID("ada"))
        }
        try await commands.send(.deposit(amount: 1), to: Account.ID("ada"))
        let store = try SQLite.temporary()
        let workers: [any Worker] = [
            CommandHandlerWorker(Account.self, broker: broker), ProjectorWorker(Balances(), into: store, broker: broker),
            SagaWorker(Tax.self, broker: broker),
        ]
        for worker in workers {
            let error = await #expect(throws: Misconfiguration.self) { try await worker.run() }
            #expect(error?.description.contains("bank.v1.Deposited") == true)
        }
        #expect(broker.records(of: .deadLetters).isEmpty)
        // The newer build goes on.
        try await running([CommandHandlerWorker(LaterAccount.self, broker: broker)]) {
            guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 1), to: LaterAccount.ID("ada")) else { throw Unexpected() }
            #expect(receipt.versions == 3..<4)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct IsolationTests {
    let broker = MemoryBroker(application: "bank")

    @Test func the_whole_of_a_shared_commit_is_recognised() async throws {
        let commands = CommandPublisher(broker: broker)
        let ids = (0..<40).map { _ in broker.surroundings.makeID() }
        let ada: Account.ID = "ada"
        func deposit(_ id: MessageID) async throws -> Receipt {
            guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 1), to: ada, context: CommandContext(id: id)) else {
                throw Unexpected()
            }
            return receipt
        }
        // They wait for a worker, so they share its first commit.
        for id in ids { try await commands.send(.deposit(amount: 1), to: ada, context: CommandContext(id: id)) }
        try await running([CommandHandlerWorker(Account.self, broker: broker)]) {
            try await eventually("decided") { broker.decisions(of: "ada").count == 40 }
        }
        #expect(broker.records(of: .events).count == 1)
        // Another worker, which knows only what the log says.
        try await running([CommandHandlerWorker(Account.self, broker: broker)]) {
            for (index, id) in ids.enumerated() {
                let versions = try await deposit(id).versions
                #expect(versions == index + 1..<index + 2)
            }
        }
        #expect(broker.records(of: .events).compactMap(\.commit).flatMap(\.events).count == 40)
    }

    @Test func what_a_router_passes_on_again_has_no_second_effect() async throws {
        let commands = CommandPublisher(broker: broker)
        try await running([CommandHandlerWorker(Account.self, broker: broker), SagaWorker(Tax.self, broker: broker)]) {
            for _ in 0..<60 { try await commands.send(.deposit(amount: 10), to: Account.ID("ada")) }
            try await eventually("sixty effects") { broker.decisions(of: "office").count == 60 }
        }
        // A router without progress begins again: all of its commands are published a second time.
        let routed = broker.records(of: .commands).compactMap(\.command).filter { $0.stream.category == "saga.tax" }
        #expect(routed.count == 60)
        _ = try await broker.publish(routed)
        try await running([CommandHandlerWorker(Account.self, broker: broker), SagaWorker(Tax.self, broker: broker)]) {
            try await commands.send(.deposit(amount: 10), to: Account.ID("ada"))
            try await eventually("one more") { broker.decisions(of: "office").count == 61 }
        }
        #expect(broker.decisions(of: "office").count == 61)
    }

    @Test func an_event_that_cannot_be_decoded_takes_no_other_of_its_commit_along() async throws {
        /// Reads `bank.v1.Noted` as something that it is not.
        enum Numbered: EventSource {
            static let category = Account.category
            enum Event: Message {
                case noted(number: Int), deposited(amount: Int)
                enum CodingKeys: String, MessageName {
                    case noted = "bank.v1.Noted"
                    case deposited = "bank.v1.Deposited"
                }
            }
        }
        struct Deposits: Projector {
            static let name = "deposits"
            static let reads = Events(of: Numbered.self)
            func createSchema(in db: borrowing SQLiteTransaction) throws { try db.execute("CREATE TABLE deposit (amount INTEGER)") }
            func project(_ event: Recorded<Numbered>, in db: borrowing SQLiteTransaction) throws {
                if case .deposited(let amount) = event.body { try db.execute("INSERT INTO deposit VALUES (?)", amount) }
            }
        }
        let commands = CommandPublisher(broker: broker)
        let ada: Account.ID = "ada"
        for command: Account.Command in [.deposit(amount: 1), .note(text: "x"), .deposit(amount: 2), .note(text: "y"), .deposit(amount: 3)] {
            try await commands.send(command, to: ada)
        }
        let store = try SQLite.temporary()
        try await running([CommandHandlerWorker(Account.self, broker: broker), ProjectorWorker(Deposits(), into: store, broker: broker)]) {
            guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 4), to: ada) else { throw Unexpected() }
            let rows = try await store.read(Deposits.self, atLeast: receipt) { db in try db.rows("SELECT amount FROM deposit ORDER BY amount") }
            #expect(rows == [[1], [2], [3], [4]])
        }
        let letters = broker.records(of: .deadLetters).compactMap(\.letter)
        #expect(letters.count == 2 && letters.allSatisfy { $0.type == "bank.v1.Noted" })
        #expect(Set(letters.map(\.place)).count == 2)
    }

    @Test func what_the_broker_refuses_to_pass_on_becomes_a_letter() async throws {
        struct Keyless: Saga {
            static let name = "keyless"
            static let reads = Events(of: Account.self, only: .deposited)
            static func route(_ event: Recorded<Account>) -> SagaRoute { .startOrResume("") }
            mutating func react(to event: Recorded<Account>) -> [Effect] { [] }
        }
        let commands = CommandPublisher(broker: broker)
        try await running([CommandHandlerWorker(Account.self, broker: broker), SagaWorker(Keyless.self, broker: broker)]) {
            try await commands.send(.deposit(amount: 1), to: Account.ID("ada"))
            try await eventually("a letter") { !broker.records(of: .deadLetters).isEmpty }
        }
        let letter = try #require(broker.records(of: .deadLetters).first?.letter)
        #expect(letter.group == "saga.keyless.router" && letter.type == "bank.v1.Deposited")
    }

    @Test func a_saga_that_cannot_be_written_keeps_what_it_was() async throws {
        struct Average: Saga {
            static let name = "average"
            static let reads = Events(of: Account.self, only: .deposited)
            private var sum = 0.0
            private var count = 0
            static func route(_ event: Recorded<Account>) -> SagaRoute { .startOrResume("all") }
            mutating func react(to event: Recorded<Account>) -> [Effect] {
                guard case .deposited(let amount) = event.body else { return [] }
                // JSON has no such number.
                sum += amount == 666 ? .infinity : Double(amount)
                count += 1
                return [.send(.note(text: "\(count): \(Int(sum.isFinite ? sum : 0))"), to: "notes", of: Account.self)]
            }
        }
        let commands = CommandPublisher(broker: broker)
        var saga = SagaWorker(Average.self, broker: broker)
        saga.settings.failures[.failed] = .init(isRetried: false, action: .skip)
        try await running([CommandHandlerWorker(Account.self, broker: broker), saga]) {
            for amount in [1, 666, 2] {
                try await commands.send(.deposit(amount: amount), to: Account.ID("ada"))
                try await eventually("handled") {
                    broker.records(of: .events).compactMap(\.commit).filter { $0.step != nil }.flatMap(\.decided).count
                        >= (amount == 1 ? 1 : amount == 666 ? 2 : 3)
                }
            }
            try await eventually("two notes") { broker.decisions(of: "notes").count == 2 }
        }
        let notes = broker.records(of: .events).compactMap(\.commit).filter { $0.stream.aggregate == "notes" }.flatMap(\.events)
        #expect(notes.map { String(decoding: $0.payload.bytes, as: UTF8.self) } == [#"{"text":"1: 1"}"#, #"{"text":"2: 3"}"#])
        #expect(broker.records(of: .deadLetters).count == 1)
    }

    @Test func settings_that_make_no_sense_are_refused() async throws {
        var worker = CommandHandlerWorker(Account.self, broker: broker)
        worker.settings.sharedCommands = 0
        worker.settings.recentCommands = -1
        let senseless = worker
        let error = await #expect(throws: Misconfiguration.self) { try await senseless.run() }
        #expect(error?.problems.count == 2)
    }
}

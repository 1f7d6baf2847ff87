import EventHorizon
import EventHorizonJSON
import EventHorizonMemory
import EventHorizonWorkers
import Synchronization
import Testing

/// A command that keeps failing parks its aggregate and nothing else, until it is released.
@Suite(.timeLimit(.minutes(1))) struct PoisonTests {
    let broker = MemoryBroker(application: "bank")
    let signals = Signals()
    let ada: Fragile.ID = "ada"
    let bob: Fragile.ID = "bob"
    let commands: CommandPublisher
    /// The bug's name: tests run side by side.
    let bug: String

    init() {
        commands = CommandPublisher(broker: broker)
        bug = "\(broker.surroundings.makeID())"
        Fragile.broken.withLock { [bug] in _ = $0.insert(bug) }
    }

    private func mend() { Fragile.broken.withLock { _ = $0.remove(bug) } }

    private func handler(_ change: (inout FailurePolicy) -> Void = { _ in }) -> CommandHandlerWorker {
        var worker = CommandHandlerWorker(Fragile.self, broker: broker)
        worker.instruments = [signals]
        worker.settings.failures.retry = RetryPolicy(firstDelay: .milliseconds(1), longestDelay: .milliseconds(4), budget: .milliseconds(30))
        change(&worker.settings.failures)
        return worker
    }

    private func stream(_ aggregate: String) -> StreamID { StreamID(Category(Fragile.category), aggregate) }
    private func add(_ number: Int) -> Fragile.Command { .add(number: number, name: bug) }
    private var letters: [DeadLetter] { broker.records(of: .deadLetters).compactMap(\.letter) }
    private func commits(of aggregate: String) -> [Commit] {
        broker.records(of: .events).compactMap(\.commit).filter { $0.stream.aggregate == aggregate }
    }
    /// The numbers that an aggregate's history holds.
    private func numbers(of aggregate: String) throws -> [Int] {
        var events: [Fragile.Event] = []
        for event in commits(of: aggregate).flatMap(\.events) { try Fragile.Event.catalog.decode(event.payload, formats: [.json], into: &events) }
        return events.map { event in
            switch event {
            case .added(let number): number.value
            }
        }
    }
    private func settled(_ count: Int, of aggregate: String) async throws {
        try await eventually("\(count) outcomes of \(aggregate)") { commits(of: aggregate).flatMap(\.decided).count >= count }
    }

    @Test func a_command_that_keeps_failing_parks_its_aggregate_in_order_and_others_go_on() async throws {
        try await running([handler()]) {
            for number in [1, -2, 3, 4] { try await commands.send(add(number), to: ada) }
            for number in 1...20 { try await commands.send(add(number), to: bob) }
            try await settled(4, of: "ada")
            try await settled(20, of: "bob")
            await #expect(throws: CommandError.self) { _ = try await commands.ask(add(5), to: ada) }
        }
        #expect(try numbers(of: "ada") == [1])
        #expect(try numbers(of: "bob") == Array(1...20))
        #expect(letters.map(\.stream) == Array(repeating: stream("ada"), count: 4))
        #expect(letters.map(\.place.position) == letters.map(\.place.position).sorted())
        let first = try #require(letters.first)
        #expect(first.attempts > 1 && first.reason.contains("Bug") && first.firstFailedAt < first.lastFailedAt)
        #expect(letters.dropFirst().allSatisfy { $0.attempts == 0 })
        // Every outcome is a commit, which names its letter.
        let parked = commits(of: "ada").flatMap(\.decided).compactMap { decided -> Position? in
            if case .parked(let letter, _) = decided.outcome { letter } else { nil }
        }
        #expect(parked == broker.records(of: .deadLetters).map(\.position))
        #expect(commits(of: "ada").last?.parked == 4)
        #expect(signals.all.count { if case .parked(_, stream("ada"), .failed, _) = $0 { true } else { false } } == 1)
        #expect(signals.all.contains { if case .retried(_, stream("ada"), .failed, 1, _, _) = $0 { true } else { false } })
    }

    @Test func what_is_parked_stays_so_in_another_worker_and_a_repeat_is_told_the_same() async throws {
        let context = CommandContext(id: broker.surroundings.makeID())
        for _ in 1...2 {
            try await running([handler()]) {
                await #expect(throws: CommandError.self) { _ = try await commands.ask(add(-1), to: ada, context: context) }
            }
        }
        try await running([handler()]) {
            let error = await #expect(throws: CommandError.self) { _ = try await commands.ask(add(2), to: ada) }
            let letter = try #require(broker.records(of: .deadLetters).last).position
            #expect(error == .parked(letter: letter, reason: "it came behind a parked command of its stream"))
        }
        #expect(letters.count == 2)
        #expect(commits(of: "ada").flatMap(\.decided).count == 2)
    }

    @Test func a_release_after_the_mend_handles_the_letters_in_order_and_then_what_came_behind_it() async throws {
        try await running([handler()]) {
            for number in [1, -2, 3, -4, 5] { try await commands.send(add(number), to: ada) }
            try await settled(5, of: "ada")
            mend()
            async let released: Void = commands.release(stream("ada"))
            for number in 6...30 { try await commands.send(add(number), to: ada) }
            try await released
            try await eventually("all are decided") { (try? numbers(of: "ada").count) == 30 }
        }
        #expect(try numbers(of: "ada").map(abs) == Array(1...30))
        #expect(commits(of: "ada").last?.parked == 0)
        #expect(commits(of: "ada").map(\.number) == Array(1...commits(of: "ada").count))
        #expect(signals.all.contains { if case .released(_, stream("ada")) = $0 { true } else { false } })
    }

    @Test func a_release_before_the_mend_stops_at_the_letter_that_still_fails() async throws {
        try await running([handler()]) {
            for number in [-1, 2] { try await commands.send(add(number), to: ada) }
            try await settled(2, of: "ada")
            await #expect(throws: StillParked.self) { try await commands.release(stream("ada")) }
            await #expect(throws: CommandError.self) { _ = try await commands.ask(add(3), to: ada) }
            mend()
            try await commands.release(stream("ada"))
            guard case .accepted(let receipt) = try await commands.ask(add(4), to: ada) else { throw Unexpected() }
            #expect(receipt.version == 4)
        }
        #expect(try numbers(of: "ada") == [-1, 2, 3, 4])
        #expect(letters.count == 3)
    }

    @Test func a_dropped_letter_is_given_up_and_the_rest_can_be_released() async throws {
        try await running([handler()]) {
            let poison = try await commands.send(add(-1), to: ada)
            for number in [2, 3] { try await commands.send(add(number), to: ada) }
            try await settled(3, of: "ada")
            try await commands.drop([poison], of: stream("ada"))
            #expect(commits(of: "ada").last?.parked == 2)
            try await commands.release(stream("ada"))
            await #expect(throws: CommandError.self) {
                _ = try await commands.ask(add(-1), to: ada, context: CommandContext(id: poison))
            }
        }
        #expect(try numbers(of: "ada") == [2, 3])
        #expect(letters.count == 3)
    }

    @Test func a_release_or_drop_of_what_is_not_parked_says_nothing_and_is_done() async throws {
        try await running([handler()]) {
            try await commands.release(stream("ada"))
            try await commands.drop(of: stream("ada"))
            guard case .accepted = try await commands.ask(add(1), to: ada) else { throw Unexpected() }
            try await commands.release(stream("ada"))
        }
        #expect(letters.isEmpty)
        #expect(try numbers(of: "ada") == [1])
    }

    @Test func a_policy_may_skip_or_halt_instead() async throws {
        try await running([handler { $0[.failed].action = .skip }]) {
            for number in [-1, 2] { try await commands.send(add(number), to: ada) }
            try await settled(2, of: "ada")
        }
        #expect(try numbers(of: "ada") == [2])
        #expect(letters.count == 1)
        let halting = handler { $0[.failed] = .init(isRetried: false, action: .halt) }
        for number in [-3, 4] { try await commands.send(add(number), to: bob) }
        let error = await #expect(throws: HandlerHalted.self) { try await halting.run() }
        #expect(error?.stream == stream("bob") && error?.reason.contains("Bug") == true)
        #expect(commits(of: "bob").isEmpty)
        mend()
        try await running([halting]) { try await settled(2, of: "bob") }
        #expect(try numbers(of: "bob") == [-3, 4])
    }

    @Test func a_policy_may_park_what_cannot_be_read() async throws {
        let unknown = Envelope(
            id: broker.surroundings.makeID(), kind: .command, stream: stream("ada"),
            payload: Payload(name: "bank.v1.Unknown", contentType: "application/json", bytes: Array("{}".utf8)),
            correlation: broker.surroundings.makeID(), occurredAt: Timestamp(nanoseconds: 0))
        try await running([handler { $0[.unknownType].action = .park }]) {
            _ = try await broker.publish([unknown])
            await #expect(throws: CommandError.self) { _ = try await commands.ask(add(1), to: ada) }
        }
        #expect(letters.map(\.type) == ["bank.v1.Unknown", "bank.v1.Add"])
        #expect(commits(of: "ada").last?.parked == 2)
    }

    @Test func a_parked_saga_goes_on_in_order_with_each_effect_once_when_it_is_released() async throws {
        let accounts = CommandPublisher(broker: broker)
        var saga = SagaWorker(Counting.self, broker: broker)
        saga.instruments = [signals]
        saga.settings.failures.retry.budget = .zero
        func inputs() -> [DecidedCommand] {
            broker.records(of: .events).compactMap(\.commit).filter { $0.stream.category == "saga.counting" }.flatMap(\.decided)
        }
        try await running([CommandHandlerWorker(Account.self, broker: broker), saga]) {
            for amount in 1...5 { _ = try await accounts.ask(.deposit(amount: amount == 2 ? 666 : amount), to: Account.ID(bug)) }
            try await eventually("five inputs") { inputs().count == 5 }
            #expect(inputs().count { $0.outcome.isParked } == 4)
            mend()
        }
        // By another worker, which knows of the saga only what its last commit says.
        try await running([CommandHandlerWorker(Account.self, broker: broker), saga]) {
            try await accounts.release(StreamID("saga.counting", bug))
            _ = try await accounts.ask(.deposit(amount: 6), to: Account.ID(bug))
            try await eventually("six notes") { notes().count == 6 }
        }
        #expect(notes() == ["1: 1", "2: 666", "3: 3", "4: 4", "5: 5", "6: 6"].map { #"{"text":"\#($0)"}"# })
        func notes() -> [String] {
            broker.records(of: .events).compactMap(\.commit).filter { $0.stream.aggregate == "notes" }.flatMap(\.events)
                .map { String(decoding: $0.payload.bytes, as: UTF8.self) }
        }
    }

    @Test func a_policy_says_for_each_kind_what_is_done_and_is_as_before_when_it_is_set_back() {
        let policy = FailurePolicy(retry: RetryPolicy(budget: .zero))
        #expect(policy.retry.budget == .zero)
        var other = policy
        other[.undecodable].action = .park
        #expect(other != policy && other[.undecodable].action == .park && !other[.undecodable].isRetried)
        other[.undecodable].action = .skip
        #expect(other == policy)
    }

    /// A read of the stream as it was says that it is parked; its commit meets the one that released it.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func what_was_released_is_not_parked_again_though_its_stream_is_read_as_it_was(seed: UInt64) async throws {
        try await running([handler()]) {
            try await commands.send(add(-1), to: ada)
            try await settled(1, of: "ada")
            mend()
            try await commands.release(stream("ada"))
        }
        var faults = MemoryFaults(seed: seed)
        faults.staleRead = 0.7
        broker.faults = faults
        try await running([handler()]) {
            guard case .accepted(let receipt) = try await commands.ask(add(2), to: ada) else { throw Unexpected() }
            #expect(receipt.version == 2)
        }
        #expect(try numbers(of: "ada") == [-1, 2])
    }

    /// The broker forgets who owns what, reads what was, loses answers; workers come and go.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func no_command_overtakes_a_parked_one_whatever_happens_to_the_owners(seed: UInt64) async throws {
        var faults = MemoryFaults(seed: seed)
        faults.staleRead = 0.1
        faults.unansweredAppend = 0.05
        faults.lostPartition = 0.05
        broker.faults = faults
        // The second hand is that of a worker whose partitions are lost to the first, and back.
        try await running([handler(), handler()]) {
            for number in [1, -2, 3, -4, 5, 6] { try await commands.send(add(number), to: ada) }
            try await settled(6, of: "ada")
            mend()
            async let released: Void = commands.release(stream("ada"), within: .seconds(20))
            for number in 7...40 { try await commands.send(add(number), to: ada) }
            try await released
            try await eventually("all are decided") { (try? numbers(of: "ada").count) == 40 }
        }
        #expect(try numbers(of: "ada").map(abs) == Array(1...40))
    }
}

/// Counts the deposits of an account in notes; cannot be written after an unlucky one until it is mended.
private struct Counting: Saga {
    static let name = "counting"
    static let reads = Events(of: Account.self, only: .deposited)
    private var count = 0
    private var last = Fragile.Number(value: 0, name: "")

    static func route(_ event: Recorded<Account>) -> SagaRoute { .startOrResume("\(event.aggregate)") }

    mutating func react(to event: Recorded<Account>) -> [Effect] {
        guard case .deposited(let amount) = event.body else { return [] }
        count += 1
        last = Fragile.Number(value: amount == 666 ? -amount : amount, name: "\(event.aggregate)")
        return [.send(.note(text: "\(count): \(amount)"), to: "notes", of: Account.self)]
    }
}

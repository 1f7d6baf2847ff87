import EventHorizon
import EventHorizonMemory
import EventHorizonWorkers
import Testing

/// Repeats that come after more commands than a commit remembers.
@Suite(.timeLimit(.minutes(1))) struct RepeatTests {
    let broker = MemoryBroker(application: "bank")
    let ada: Account.ID = "ada"

    private var decided: [MessageID] { broker.records(of: .events).compactMap(\.commit).flatMap(\.decided).map(\.id) }

    @Test func a_command_repeated_after_many_others_has_one_effect_and_the_same_answer() async throws {
        let commands = CommandPublisher(broker: broker)
        let context = CommandContext(id: broker.surroundings.makeID())
        var versions: Range<Int>?
        // The second worker reads the stream anew, the third finds the repeat in the middle of its work.
        for _ in 1...3 {
            try await running([CommandHandlerWorker(Account.self, broker: broker)]) {
                for repeated in 1...2 {
                    guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 1), to: ada, context: context) else {
                        throw Unexpected()
                    }
                    #expect(receipt.versions == versions ?? receipt.versions)
                    versions = receipt.versions
                    for amount in 1...20 { _ = try await commands.ask(.deposit(amount: amount * repeated), to: ada) }
                }
            }
        }
        #expect(versions == 1..<2)
        #expect(Set(decided).count == decided.count)
        #expect(decided.count == 1 + 3 * 2 * 20)
    }

    /// Each is looked up in the stream, and looking one up must not make the worker forget another.
    @Test func commands_repeated_in_turns_long_after_they_were_decided_have_one_effect_each() async throws {
        let commands = CommandPublisher(broker: broker)
        let contexts = (1...2).map { _ in CommandContext(id: broker.surroundings.makeID()) }
        try await running([CommandHandlerWorker(Account.self, broker: broker)]) {
            for context in contexts { _ = try await commands.ask(.deposit(amount: 1), to: ada, context: context) }
            for _ in 1...200 { _ = try await commands.ask(.deposit(amount: 1), to: ada) }
            for _ in 1...3 {
                for (index, context) in contexts.enumerated() {
                    guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 1), to: ada, context: context) else {
                        throw Unexpected()
                    }
                    #expect(receipt.versions == index + 1..<index + 2)
                }
            }
        }
        #expect(Set(decided).count == decided.count)
        #expect(decided.count == 202)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func a_repeat_is_recognised_though_its_stream_is_read_as_it_was(seed: UInt64) async throws {
        let commands = CommandPublisher(broker: broker)
        let contexts = (1...4).map { _ in CommandContext(id: broker.surroundings.makeID()) }
        var worker = CommandHandlerWorker(Account.self, broker: broker)
        worker.settings.recentCommands = 0
        try await running([worker]) {
            for context in contexts { _ = try await commands.ask(.deposit(amount: 1), to: ada, context: context) }
        }
        var faults = MemoryFaults(seed: seed)
        faults.staleRead = 0.7
        broker.faults = faults
        try await running([worker]) {
            for (index, context) in contexts.enumerated() {
                guard case .accepted(let receipt) = try await commands.ask(.deposit(amount: 1), to: ada, context: context) else {
                    throw Unexpected()
                }
                #expect(receipt.versions == index + 1..<index + 2)
            }
        }
        #expect(decided.count == 4)
    }

    @Test func a_rejected_command_is_rejected_again_though_it_would_be_accepted_by_now() async throws {
        let commands = CommandPublisher(broker: broker)
        let context = CommandContext(id: broker.surroundings.makeID())
        try await running([CommandHandlerWorker(Account.self, broker: broker)]) {
            for _ in 1...2 {
                guard case .rejected(.overdrawn(balance: 0)) = try await commands.ask(.withdraw(amount: 5), to: ada, context: context) else {
                    throw Unexpected()
                }
                for _ in 1...20 { _ = try await commands.ask(.deposit(amount: 1), to: ada) }
            }
        }
        #expect(Set(decided).count == decided.count)
    }

    @Test func an_event_routed_again_after_many_others_is_one_step_of_its_saga() async throws {
        let commands = CommandPublisher(broker: broker)
        let saga = StreamID("saga.tax", "ada")
        func workers() -> [any Worker] { [CommandHandlerWorker(Account.self, broker: broker), SagaWorker(Tax.self, broker: broker)] }
        func paid() -> Int { broker.records(of: .events).compactMap(\.commit).filter { $0.stream.aggregate == "office" }.flatMap(\.events).count }

        try await running(workers()) {
            for _ in 1...12 { _ = try await commands.ask(.deposit(amount: 10), to: ada) }
            try await eventually("every deposit is taxed") { paid() == 12 }
        }
        let routed = broker.records(of: .commands).compactMap(\.command).filter { $0.stream == saga }
        #expect(routed.count == 12)
        // As a router does that has taken over from one that died: from the first on.
        for repeated in 1...2 {
            try await running(workers()) {
                _ = try await broker.publish(routed)
                _ = try await commands.ask(.deposit(amount: 10), to: ada)
                try await eventually("the new deposit is taxed") { paid() == 12 + repeated }
            }
        }
        #expect(Set(decided).count == decided.count)
        #expect(paid() == 14)
    }
}

import EventHorizon
import EventHorizonMemory
import EventHorizonSQLite
import EventHorizonWorkers
import GuestList
import GuestListScenario
import Testing

/// The example with one and with several workers of each kind, on a broker in memory.
@Suite struct WholeApplicationTests {
    private func run(_ count: Int, on broker: MemoryBroker, into store: SQLite) async throws -> [String] {
        try await withThrowingTaskGroup(of: Void.self) { workers in
            for _ in 0..<count {
                workers.addTask { try await CommandHandlerWorker(Invitation.self, broker: broker).run() }
                workers.addTask { try await ProjectorWorker(InvitationTable(), GuestListTable(), into: store, broker: broker).run() }
                workers.addTask { try await SagaWorker(Seating.self, broker: broker).run() }
            }
            let lines = try await GuestListScenario(broker: broker, readModel: store).run()
            workers.cancelAll()
            try await workers.waitForAll()
            return lines
        }
    }

    @Test(arguments: [1, 3]) func the_story_ends_as_told(workers: Int) async throws {
        let broker = MemoryBroker()
        let lines = try await run(workers, on: broker, into: .temporary())
        #expect(
            lines == [
                "invitation: Athena - confirmed",
                "invitation: Hades - confirmed",
                "invitation: Poseidon - denied",
                "invitation: Zeus - declined",
                "guest list: 4 invited - 3 accepted, 1 declined - 2 confirmed, 1 denied",
            ])
    }

    @Test func the_story_is_told_once_an_application() async throws {
        let broker = MemoryBroker()
        _ = try await run(1, on: broker, into: .temporary())
        let error = await #expect(throws: ScenarioError.self) { try await run(1, on: broker, into: .temporary()) }
        #expect(error?.description.hasPrefix("Athena is invited already") == true)
    }
}

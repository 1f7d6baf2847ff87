import EventHorizonMemory
import EventHorizonRuntime
import EventHorizonSQLite
import EventHorizonWorkers
import GuestList
import GuestListScenario
import ServerSupport

/// The demo with all workers, the client and the broker in this process.
enum OneProcess {
    static func demo(_ options: Options) async throws -> [String] {
        let broker = MemoryBroker(application: "guestlist")
        let store = try SQLite.temporary()
        let kept = KeptSignals()
        let workers = WorkerKind.all(options).map { kind, name in
            var worker: any Worker =
                switch kind {
                case .commandHandler: CommandHandlerWorker(Invitation.self, broker: broker)
                case .projector: ProjectorWorker(InvitationTable(), GuestListTable(), into: store, broker: broker)
                case .saga: SagaWorker(Seating.self, broker: broker)
                }
            worker.instruments.append(kept.instrument(name))
            return worker
        }
        return try await withThrowingTaskGroup(of: [String]?.self) { group in
            group.addTask {
                try await WorkerGroup(workers).run()
                return nil
            }
            group.addTask { try await GuestListScenario(broker: broker, readModel: store).run() }
            do {
                while let ended = try await group.next() {
                    if let lines = ended {
                        group.cancelAll()
                        try await group.waitForAll()
                        return lines
                    }
                }
                throw SupportError("the workers ended before the client did")
            } catch {
                throw SupportError("\(error)\n\(kept.tail)")
            }
        }
    }
}

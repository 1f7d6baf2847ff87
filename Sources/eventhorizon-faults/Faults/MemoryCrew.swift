import EventHorizonMemory
import EventHorizonSQLite
import EventHorizonWorkers
import GuestList
import Synchronization

/// The workers of a run in one process, each a task: cancelled, it leaves in order.
actor MemoryCrew {
    private struct Hand {
        var name: String
        var kind: WorkerKind
        var task: Task<Void, Never>
    }

    private let broker: MemoryBroker
    private let store: SQLite
    private let journal: Journal
    private var hands: [Hand] = []
    private var numbers: [WorkerKind: Int] = [:]
    private(set) var joins = 0
    private(set) var leaves = 0
    /// Ends that nobody meant, each in a sentence.
    private(set) var problems: [String] = []
    nonisolated let signals = SignalCount()

    init(broker: MemoryBroker, store: SQLite, journal: Journal) {
        self.broker = broker
        self.store = store
        self.journal = journal
    }

    func count(_ kind: WorkerKind) -> Int { hands.count { $0.kind == kind } }

    func join(_ kind: WorkerKind) {
        let number = numbers[kind, default: 0] + 1
        numbers[kind] = number
        let name = "\(kind.rawValue)-\(number)"
        var worker: any Worker =
            switch kind {
            case .commandHandler: CommandHandlerWorker(Invitation.self, broker: broker)
            case .projector: ProjectorWorker(InvitationTable(), GuestListTable(), into: store, broker: broker)
            case .saga: SagaWorker(Seating.self, broker: broker)
            }
        worker.instruments.append(signals)
        let running = worker
        let task = Task {
            do {
                try await running.run()
                if !Task.isCancelled { ended(name, "returned") }
            } catch { ended(name, "threw \(error)") }
        }
        hands.append(Hand(name: name, kind: kind, task: task))
        joins += 1
        journal.note("members  \(name) joins")
    }

    private func ended(_ name: String, _ how: String) {
        let problem = "\(name) \(how), and nobody had asked it to"
        journal.note("PROBLEM  \(problem)")
        problems.append(problem)
    }

    func leave(_ kind: WorkerKind, _ random: inout SeededRandom) async {
        guard let hand = random.pick(hands.filter { $0.kind == kind }) else { return }
        hands.removeAll { $0.name == hand.name }
        hand.task.cancel()
        await hand.task.value
        leaves += 1
        journal.note("members  \(hand.name) has left")
    }

    /// All of them.
    func leave() async {
        let leaving = hands
        hands = []
        for hand in leaving { hand.task.cancel() }
        for hand in leaving { await hand.task.value }
        leaves += leaving.count
    }
}

/// How often workers told of what went wrong.
final class SignalCount: Instrument, Sendable {
    private let tally = FaultTally()

    func receive(_ signal: Signal) {
        switch signal {
        case .partitionLost: tally.add("partitions lost")
        case .readerRestarted: tally.add("readers restarted")
        case .conflict: tally.add("conflicts")
        case .batchSettled(_, let counts) where counts.duplicates > 0: tally.add("repeats recognised", counts.duplicates)
        default: break
        }
    }

    var counts: [(name: String, count: Int)] { tally.all }
}

internal import EventHorizon

/// One member's view of a `MemoryBroker`.
final class MemoryMember: GroupMember {
    let id: String
    let partitionCount: Int
    let incarnation: UInt64
    let eventsIncarnation: UInt64
    var executor: (any TaskExecutor)? { nil }

    private let broker: MemoryBroker
    private let number: Int

    init(broker: MemoryBroker, number: Int, id: String, partitionCount: Int, incarnation: UInt64, eventsIncarnation: UInt64) {
        self.broker = broker
        self.number = number
        self.id = id
        self.partitionCount = partitionCount
        self.incarnation = incarnation
        self.eventsIncarnation = eventsIncarnation
    }

    func next(_ turn: inout Turn, until deadline: Instant?) async {
        var isFirst = true
        while true {
            let isCancelled = Task.isCancelled
            let look = broker.withState { state in
                state.look(number, into: &turn, until: deadline, isCancelled: isCancelled, isFirst: isFirst)
            }
            guard case .wait(let due, let isDraining) = look else { return }
            isFirst = false
            await wait(until: due, isDraining: isDraining)
        }
    }

    func submit(_ outcome: inout Outcome) {
        guard !outcome.isEmpty else { return }
        let taken = outcome
        let replies = broker.withState { state in state.settle(number, taken) }
        outcome.removeAll()
        for reply in replies { reply.waiter.resume(returning: reply.answer) }
    }

    private func wait(until due: Instant?, isDraining: Bool) async {
        // Not a child task: a child of a task that is cancelled, as a draining worker's is, cannot sleep. It runs where its member runs and is
        // waited for, so it holds under a single-threaded executor and outlives nothing.
        let timer = due.map { due in
            let executor = withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
            return Task(executorPreference: executor) { [broker, number] in
                await broker.surroundings.clock.sleep(until: due)
                broker.wake(number)
            }
        }
        if isDraining {
            await park()
        } else {
            await withTaskCancellationHandler {
                await park()
            } onCancel: {
                broker.wake(number)
            }
        }
        if let timer {
            timer.cancel()
            await timer.value
        }
    }

    private func park() async {
        await withCheckedContinuation { waiter in broker.withState { state in state.park(number, waiter) } }
    }
}

internal import EventHorizon

/// From a worker's start to its process' end, as a state machine.
struct WorkerLifetime {
    enum Event {
        case signal(OperatingSystemSignal)
        case returned
        case threw(any Error)
        case drainDeadline
    }
    enum Action: Equatable {
        case none
        /// Cancel the worker's task and set the drain deadline.
        case drain(because: OperatingSystemSignal)
        case exit(ExitStatus)
    }
    private enum State { case running, draining, ended }

    let drainLimit: Duration
    private var state = State.running

    init(drainLimit: Duration) { self.drainLimit = drainLimit }

    mutating func receive(_ event: Event) -> Action {
        switch (state, event) {
        case (.ended, _), (.running, .drainDeadline): return .none
        case (.running, .signal(let signal)):
            state = .draining
            return .drain(because: signal)
        case (.draining, .signal(let signal)): return end(.interrupted(signal))
        case (.draining, .drainDeadline): return end(.undrained(within: drainLimit))
        case (.running, .returned), (.draining, .returned): return end(.drained)
        // A worker may end by the error of whatever it waited in: it had begun nothing yet, or is the program's own.
        case (.draining, .threw(let error)) where error is CancellationError || (error as? BrokerError)?.code == .cancelled: return end(.drained)
        case (.running, .threw(let error)), (.draining, .threw(let error)): return end(ExitStatus(error))
        }
    }

    private mutating func end(_ status: ExitStatus) -> Action {
        state = .ended
        return .exit(status)
    }
}

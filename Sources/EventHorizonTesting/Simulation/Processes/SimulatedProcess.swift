public import EventHorizon
internal import EventHorizonMemory
internal import EventHorizonWorkers
internal import Synchronization

/// A worker process of a simulation, with a broker of its own that stops at once when the process is killed.
public final class SimulatedProcess: Sendable {
    enum Ending: Equatable {
        case killed
        case returned
        case failed(String)
    }

    private struct State {
        var ending: Ending?
        var waiters: [CheckedContinuation<Ending, Never>] = []
        var task: Task<Void, Never>?
        /// Asked to leave.
        var isLeaving = false
        /// Nothing of it is left.
        var isGone = false
    }

    /// Which kind it is.
    public let kind: String
    /// Among all processes of the simulation, in order of starting.
    public let number: Int
    let seeded: SeededProcess
    let dice: Dice
    let shared: MemoryBroker
    let turnstile = Turnstile()
    private let state = Mutex(State())

    init(kind: String, number: Int, seeded: SeededProcess, dice: Dice, shared: MemoryBroker) {
        self.kind = kind
        self.number = number
        self.seeded = seeded
        self.dice = dice
        self.shared = shared
        seeded.whenKilled { [weak self] in self?.end(.killed) }
    }

    public var name: String { "\(kind) \(number)" }

    /// The simulation's broker as this process has it.
    public var broker: any Broker { SimulatedBroker(process: self) }

    /// A projector whose process may be killed inside the store's transaction, which is then rolled back.
    public func killable<P: Projector>(_ projector: P) -> some Projector<P.Store> { KillableProjector(base: projector, process: self) }

    var isKilled: Bool { seeded.isKilled }
    var isLeaving: Bool { state.withLock { $0.isLeaving } }
    var hasEnded: Bool { state.withLock { $0.ending != nil } }

    func start(_ make: @escaping @Sendable (SimulatedProcess) throws -> [any Worker], told instruments: [any Instrument]) {
        let task = seeded.start { [self] in
            do {
                let workers = try make(self).map { worker in
                    var worker = worker
                    worker.instruments += instruments
                    return worker
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in workers { group.addTask { try await worker.run() } }
                    while try await group.next() != nil {}
                }
                end(.returned)
            } catch { end(.failed("\(error)")) }
            state.withLock { $0.isGone = true }
        }
        state.withLock { $0.task = task }
    }

    /// Asks its workers to drain.
    func leave() {
        let task = state.withLock { state in
            state.isLeaving = true
            return state.task
        }
        task?.cancel()
    }

    func ended() async -> Ending {
        await withCheckedContinuation { waiter in
            let ending = state.withLock { state -> Ending? in
                if state.ending == nil { state.waiters.append(waiter) }
                return state.ending
            }
            if let ending { waiter.resume(returning: ending) }
        }
    }

    private func end(_ ending: Ending) {
        let waiters = state.withLock { state -> [CheckedContinuation<Ending, Never>] in
            guard state.ending == nil else { return [] }
            state.ending = ending
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: ending) }
    }

    /// Ends what a killed process left behind, as far as it lets itself be ended.
    func bury() {
        guard isKilled else { return }
        state.withLock { $0.task }?.cancel()
        seeded.bury()
    }

    var isGone: Bool { state.withLock { $0.isGone } }

    /// Ends the process as a trap in its code does: nothing that it does after this reaches anybody.
    public func trap() {
        dice.count("traps")
        seeded.kill()
    }

    // MARK: Steps

    /// Kills the process here, or does not.
    func reach(_ step: Failpoint) {
        guard !isKilled, dice.draw(\.killAtStep, as: "kills at a step: \(step)") else { return }
        seeded.kill()
    }
}

internal import EventHorizon
public import EventHorizonMemory
internal import EventHorizonWorkers
internal import Synchronization

/// One seeded run of an application: its workers, unchanged, as processes that are killed, stopped, slow, joined and left, on one broker that does what
/// real brokers do at their worst; in one thread and by a virtual clock.
///
///     let simulation = Simulation(
///         faults: .drawn(from: seed),
///         workers: [
///             SimulatedWorkers("command handler", count: 2) { process in [CommandHandlerWorker(Order.self, broker: process.broker)] },
///             SimulatedWorkers("projector") { process in
///                 [ProjectorWorker(process.killable(OrderTable()), into: SQLite(folder: folder), broker: process.broker)]
///             },
///         ])
///     let report = try simulation.run { broker in
///         let commands = CommandPublisher(broker: broker)
///         // The load: what clients send.
///     }
///     // What the logs hold, `simulation.broker.records(of: .events)`, and what the store holds, is checked now.
///
/// A load runs while faults last and ends by itself; then nothing fails any more, and all must come to rest. The same seed gives the same run, as long
/// as nothing in it depends on the order of a set or a dictionary, on the machine's clock or on other threads.
///
/// Not for several threads at once; several simulations run side by side in threads of their own.
public final class Simulation: Sendable {
    /// Draws the order of all jobs, and has the clock.
    public let executor: SeededExecutor
    /// What clients use, and where the logs are read afterwards.
    public let broker: MemoryBroker
    public let faults: SimulationFaults
    /// How long all may take to be at rest after the last fault's end.
    public static let restLimit = Duration.seconds(30)

    private let workers: [SimulatedWorkers]
    private let dice: Dice
    private let watch: OwnershipWatch
    private let trace: (@Sendable (String) -> Void)?
    private let state = Mutex(State())

    private struct State {
        var processes: [SimulatedProcess] = []
        var problems: [String] = []
        var isLoaded = false
    }

    /// - Parameters:
    ///   - faults: What goes wrong. Its broker's seed is the simulation's.
    ///   - application: The application whose logs these are.
    ///   - partitionCount: Of every log.
    ///   - workers: The kinds of processes.
    ///   - trace: Is given a line for everything that a worker tells and that is done to it.
    public init(
        faults: SimulationFaults, application: String = "app", partitionCount: Int = 4, workers: [SimulatedWorkers],
        trace: (@Sendable (String) -> Void)? = nil
    ) {
        self.faults = faults
        self.trace = trace
        self.workers = workers
        executor = SeededExecutor(seed: faults.broker.seed)
        broker = MemoryBroker(
            application: application, partitionCount: partitionCount, surroundings: executor.surroundings, faults: faults.broker,
            atomicSettle: faults.atomicSettle)
        dice = Dice(faults: faults)
        watch = OwnershipWatch(clock: executor.clock, limit: faults.lease * 2)
    }

    /// Runs it.
    /// - Parameters:
    ///   - unsettled: What is not at rest, in sentences, beside the broker's groups: of a store, for instance.
    ///   - load: What clients do. Runs while workers fail, on processes that do not; it should end by itself.
    /// - Throws: `SimulationError` where something waits for ever that nothing will wake.
    public func run(
        unsettled: @escaping @Sendable () -> [String] = { [] }, load: @escaping @Sendable (MemoryBroker) async -> Void
    ) throws -> SimulationReport {
        try executor.run { await self.simulate(load, unsettled) }
        watch.close()
        return SimulationReport(
            seed: executor.seed, virtualTime: executor.clock.now - Instant(nanoseconds: 0), jobs: executor.jobs,
            faults: (broker.faultCounts + dice.counts).filter { $0.count > 0 }, problems: state.withLock { $0.problems } + watch.problems.sorted())
    }

    private func simulate(_ load: @escaping @Sendable (MemoryBroker) async -> Void, _ unsettled: @Sendable () -> [String]) async {
        let clock = executor.clock
        for kind in workers { for _ in 0..<kind.count { start(kind) } }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await load(broker)
                state.withLock { $0.isLoaded = true }
            }
            // What is injected ends with the load.
            group.addTask { [self] in await inject() }
            await group.waitForAll()
        }
        dice.becomeQuiet()
        trace?("\(TracingInstrument.text(clock.now)) the faults are over")
        var quiet = MemoryFaults(seed: faults.broker.seed)
        quiet.lease = faults.lease
        broker.faults = quiet
        for process in running { process.seeded.resume() }
        for process in running { watch.resumed(process.number) }

        // What is repeated is under way for a while.
        let end = clock.now + faults.broker.repeatDelay.upperBound + Self.restLimit
        while true {
            let missing = broker.unsettled + unsettled() + missingKinds.map { "no \($0) runs" }
            if missing.isEmpty { break }
            guard clock.now < end else {
                note("\(Self.restLimit) after the last fault's end: \(missing.joined(separator: "; "))")
                break
            }
            await clock.sleep(until: clock.now + .milliseconds(200))
        }
        await drain()
        await bury()
    }

    private var running: [SimulatedProcess] { state.withLock { $0.processes.filter { !$0.hasEnded } } }
    private func running(_ kind: String) -> [SimulatedProcess] { running.filter { $0.kind == kind && !$0.isLeaving } }
    private var missingKinds: [String] { workers.map(\.name).filter { running($0).isEmpty } }
    private func note(_ problem: String) { state.withLock { $0.problems.append(problem) } }

    private func tell(_ process: SimulatedProcess, _ what: String) {
        trace?("\(TracingInstrument.text(executor.clock.now)) \(process.name): \(what)")
    }

    // MARK: Processes

    /// Starts a process, and another in its place when it is killed.
    private func start(_ kind: SimulatedWorkers) {
        let seeded = executor.makeProcess()
        let process = state.withLock { state in
            let process = SimulatedProcess(kind: kind.name, number: state.processes.count + 1, seeded: seeded, dice: dice, shared: broker)
            state.processes.append(process)
            return process
        }
        var instruments = [watch.instrument(of: process.number)]
        if let trace { instruments.append(TracingInstrument(process: process, clock: executor.clock, write: trace)) }
        tell(process, "started")
        process.start(kind.make, told: instruments)
        Task(executorPreference: executor) { [self] in
            let ending = await process.ended()
            watch.ended(process.number)
            tell(process, "\(ending)")
            switch ending {
            case .returned where process.isLeaving: break
            case .returned: note("\(process.name) ended though nobody asked it to")
            case .failed(let reason): note("\(process.name) ended: \(reason)")
            case .killed:
                guard !process.isLeaving else { break }
                await executor.clock.sleep(until: executor.clock.now + dice.duration(faults.restartDelay))
                start(kind)
            }
        }
    }

    /// Every process leaves in order, or is told of.
    private func drain() async {
        let clock = executor.clock
        let last = running
        for process in last { process.leave() }
        let end = clock.now + Self.restLimit
        while last.contains(where: { !$0.hasEnded }) {
            guard clock.now < end else {
                for process in last where !process.hasEnded {
                    note("\(process.name) was asked to leave and was still there \(Self.restLimit) later")
                    process.seeded.kill()
                }
                return
            }
            await clock.sleep(until: clock.now + .milliseconds(200))
        }
    }

    /// What killed processes left behind is given back, or thousands of runs would gather it.
    private func bury() async {
        let all = state.withLock { $0.processes }
        for process in all { process.bury() }
        for _ in 0..<100 where all.contains(where: { $0.isKilled && !$0.isGone }) {
            await executor.clock.sleep(until: executor.clock.now + .milliseconds(10))
        }
    }

    // MARK: Faults

    private func inject() async {
        await withTaskGroup(of: Void.self) { group in
            if let pause = faults.killEvery { group.addTask { [self] in await every(pause) { kill() } } }
            if let pause = faults.stopEvery { group.addTask { [self] in await every(pause) { await stop() } } }
            if let pause = faults.changeMembersEvery { group.addTask { [self] in await every(pause) { changeMembers() } } }
            await group.waitForAll()
        }
    }

    private func every(_ pause: Duration, _ fault: () async -> Void) async {
        let clock = executor.clock
        while true {
            await clock.sleep(until: clock.now + dice.duration(.zero...(pause * 2)))
            if state.withLock({ $0.isLoaded }) { return }
            await fault()
        }
    }

    private func pick(_ processes: [SimulatedProcess]) -> SimulatedProcess? { processes.isEmpty ? nil : processes[dice.below(processes.count)] }

    private func kill() {
        guard let process = pick(running) else { return }
        dice.count("kills")
        process.seeded.kill(afterJobs: dice.below(40))
    }

    private func stop() async {
        guard let process = pick(running.filter { !$0.seeded.isStopped }) else { return }
        dice.count("stops past the lease")
        watch.stopped(process.number)
        tell(process, "stopped")
        process.seeded.stop(afterJobs: dice.below(20))
        let clock = executor.clock
        await clock.sleep(until: clock.now + dice.duration(faults.lease...(faults.lease * 2)))
        process.seeded.resume()
        watch.resumed(process.number)
        tell(process, "continued")
    }

    private func changeMembers() {
        let kind = workers[dice.below(workers.count)]
        let members = running(kind.name)
        if members.count > kind.count + 1 || members.count > 1 && dice.below(2) == 0 {
            guard let process = pick(members) else { return }
            dice.count("members left")
            tell(process, "asked to leave")
            process.leave()
        } else {
            dice.count("members joined")
            start(kind)
        }
    }
}

public import EventHorizon
internal import Synchronization

/// Runs ordinary async code deterministically: one job at a time on the thread that calls `run`, in an order drawn from a seed. Time is virtual and
/// moves only when nothing is ready to run, so that hours pass in milliseconds.
///
///     let executor = SeededExecutor(seed: 7)
///     let broker = MemoryBroker(surroundings: executor.surroundings)
///     try executor.run { try await worker.run() }
///
/// The same seed gives the same run in every process, as long as nothing leaves the executor: child tasks and default actors stay on it, an
/// unstructured `Task` without this executor as its preference does not, nor do `Task.sleep`, Dispatch and foreign threads. Time, ids and randomness
/// come from `surroundings`. Nothing may depend on the order of a set or a dictionary.
///
/// A simulated process is a `SeededProcess`: it shares the thread and the clock, and can be killed or stopped at any instant.
public final class SeededExecutor: TaskExecutor {
    private struct Ready {
        var job: UnownedJob
        /// Nil: the executor's own.
        var process: SeededProcess?
    }

    private struct Timer {
        var due: Instant
        var number: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var ready: [Ready] = []
        var timers: [Timer] = []
        var timersMade = 0
        var cancelled: [Int] = []
        var now = Instant(nanoseconds: 0)
        var order: SeededGenerator
        var draws: SeededGenerator
        var jobs = 0

        mutating func nextJob() -> Ready? {
            guard !ready.isEmpty else { return nil }
            jobs += 1
            ready.swapAt(Int(order.next() % UInt64(ready.count)), ready.count - 1)
            return ready.removeLast()
        }

        mutating func nextTimer(until limit: Instant) -> CheckedContinuation<Void, Never>? {
            guard let first = timers.indices.min(by: { (timers[$0].due, timers[$0].number) < (timers[$1].due, timers[$1].number) }),
                timers[first].due <= limit
            else { return nil }
            let timer = timers.remove(at: first)
            now = max(now, timer.due)
            return timer.continuation
        }
    }

    public let seed: UInt64
    private let state: Mutex<State>
    /// What the calendar shows when the virtual clock shows zero: 2026-01-01T00:00:00Z.
    private static let epoch: Int64 = 1_767_225_600_000_000_000

    public init(seed: UInt64) {
        self.seed = seed
        state = Mutex(State(order: SeededGenerator(seed: seed), draws: SeededGenerator(seed: ~seed)))
    }

    /// The virtual clock, and randomness drawn from the seed.
    public var surroundings: Surroundings { Surroundings(clock: clock, randomness: Draws(executor: self)) }
    public var clock: any WorkerClock { VirtualClock(executor: self) }
    /// How many jobs have run: a measure of how far a simulation has come.
    public var jobs: Int { state.withLock { $0.jobs } }

    public func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job), of: nil) }

    /// Drives `body` to its end, and everything that it started with it.
    ///
    /// Blocks the calling thread, on which all of it runs. What `body` left behind when it ended is not run on.
    /// - Parameters:
    ///   - limit: How much virtual time may pass.
    ///   - body: What to run.
    /// - Throws: `SimulationError` when nothing is ready and no timer is set, or the time is up; what `body` throws.
    public func run<Value: Sendable>(for limit: Duration = .seconds(86_400), _ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let result = Box<Result<Value, any Error>>()
        Task(executorPreference: self) {
            do {
                let value = try await body()
                result.value.withLock { $0 = .success(value) }
            } catch { result.value.withLock { $0 = .failure(error) } }
        }
        let end = clock.now + limit
        while true {
            if let value = result.value.withLock({ $0 }) { return try value.get() }
            if let ready = state.withLock({ $0.nextJob() }) {
                guard let process = ready.process else {
                    ready.job.runSynchronously(on: asUnownedTaskExecutor())
                    continue
                }
                // A process that was killed meanwhile keeps its jobs: they are not run, as a killed process's would not be.
                guard process.admits(ready.job) else { continue }
                ready.job.runSynchronously(on: process.asUnownedTaskExecutor())
                process.didRun()
            } else if let continuation = state.withLock({ $0.nextTimer(until: end) }) {
                continuation.resume()
            } else {
                throw SimulationError(isStalled: state.withLock { $0.timers.isEmpty }, seed: seed, now: clock.now)
            }
        }
    }

    /// A process of this simulation.
    public func makeProcess() -> SeededProcess { SeededProcess(executor: self) }

    func enqueue(_ job: UnownedJob, of process: SeededProcess?) {
        state.withLock { $0.ready.append(Ready(job: job, process: process)) }
    }

    private func sleep(until instant: Instant) async {
        let number = state.withLock { state in
            state.timersMade += 1
            return state.timersMade
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard state.now < instant, !state.cancelled.contains(number) else { return true }
                    state.timers.append(Timer(due: instant, number: number, continuation: continuation))
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let timer = state.withLock { state -> Timer? in
                guard let index = state.timers.firstIndex(where: { $0.number == number }) else {
                    state.cancelled.append(number)
                    return nil
                }
                return state.timers.remove(at: index)
            }
            timer?.continuation.resume()
        }
        state.withLock { state in state.cancelled.removeAll { $0 == number } }
    }

    private struct VirtualClock: WorkerClock {
        let executor: SeededExecutor
        var now: Instant { executor.state.withLock { $0.now } }
        var time: Timestamp { Timestamp(nanoseconds: SeededExecutor.epoch + Int64(clamping: now.nanoseconds)) }
        func sleep(until instant: Instant) async { await executor.sleep(until: instant) }
    }

    private struct Draws: Randomness {
        let executor: SeededExecutor
        func next() -> UInt64 { executor.state.withLock { $0.draws.next() } }
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}

internal import Synchronization

/// A process of a simulation: what runs on it can be killed or stopped at any instant, between two jobs, as by `kill -9` and `SIGSTOP`.
///
/// What a killed process was about to do is not done; nothing of it is cancelled, closed or released. Its tasks hold their memory until `bury`.
public final class SeededProcess: TaskExecutor {
    private enum Phase { case running, stopped, killed, buried }

    private struct State {
        var phase = Phase.running
        /// What would run if the process did.
        var held: [UnownedJob] = []
        /// What becomes of it after so many jobs more.
        var next: (phase: Phase, jobs: Int)?
        var listeners: [@Sendable () -> Void] = []
    }

    private let executor: SeededExecutor
    private let state = Mutex(State())

    init(executor: SeededExecutor) { self.executor = executor }

    public var isKilled: Bool { state.withLock { $0.phase == .killed || $0.phase == .buried } }
    public var isStopped: Bool { state.withLock { $0.phase == .stopped } }

    /// Nothing of this process runs any more.
    /// - Parameter jobs: How many jobs it does before, each of which ends at an `await`.
    public func kill(afterJobs jobs: Int = 0) { become(.killed, after: jobs) }

    /// Nothing of this process runs until `resume`. Time goes on without it.
    /// - Parameter jobs: How many jobs it does before.
    public func stop(afterJobs jobs: Int = 0) { become(.stopped, after: jobs) }

    /// Runs on after `stop`; also where the stop is yet to come.
    public func resume() {
        let jobs = state.withLock { state -> [UnownedJob] in
            if state.next?.phase == .stopped { state.next = nil }
            guard state.phase == .stopped else { return [] }
            state.phase = .running
            defer { state.held.removeAll() }
            return state.held
        }
        for job in jobs { executor.enqueue(job, of: self) }
    }

    /// Lets a killed process's tasks run to their ends, so that they give back what they hold: for after the last look at what they might touch.
    public func bury() {
        let jobs = state.withLock { state -> [UnownedJob] in
            guard state.phase == .killed else { return [] }
            state.phase = .buried
            defer { state.held.removeAll() }
            return state.held
        }
        for job in jobs { executor.enqueue(job, of: self) }
    }

    /// Calls `listener` when this process is killed, at once where it was before. It must not wait.
    public func whenKilled(_ listener: @escaping @Sendable () -> Void) {
        let isKilled = state.withLock { state in
            if state.phase == .killed || state.phase == .buried { return true }
            state.listeners.append(listener)
            return false
        }
        if isKilled { listener() }
    }

    /// Starts something on this process. Whoever waits for it waits for ever once this process is killed.
    @discardableResult
    public func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> { Task(executorPreference: self) { await body() } }

    public func enqueue(_ job: consuming ExecutorJob) {
        executor.enqueue(UnownedJob(job), of: self)
    }

    /// Whether the job is to be run now; otherwise it is kept.
    func admits(_ job: UnownedJob) -> Bool {
        state.withLock { state in
            switch state.phase {
            case .running, .buried: return true
            case .stopped, .killed:
                state.held.append(job)
                return false
            }
        }
    }

    /// After each job.
    func didRun() {
        let due = state.withLock { state -> Phase? in
            guard let next = state.next else { return nil }
            guard next.jobs <= 1 else {
                state.next = (next.phase, next.jobs - 1)
                return nil
            }
            state.next = nil
            return next.phase
        }
        if let due { become(due, after: 0) }
    }

    private func become(_ phase: Phase, after jobs: Int) {
        let listeners = state.withLock { state -> [@Sendable () -> Void] in
            guard state.phase == .running || state.phase == .stopped && phase == .killed else { return [] }
            guard jobs == 0 || state.phase == .stopped else {
                state.next = (phase, jobs)
                return []
            }
            state.phase = phase
            guard phase == .killed else { return [] }
            defer { state.listeners.removeAll() }
            return state.listeners
        }
        for listener in listeners { listener() }
    }
}

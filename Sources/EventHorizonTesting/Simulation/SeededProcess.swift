internal import Synchronization

/// A process of a simulation: what runs on it can be killed at any instant, between two jobs, as by `kill -9`.
///
/// What a killed process was about to do is never done; nothing of it is cancelled, closed or released, and memory that its tasks held stays held
/// until the simulation ends.
public final class SeededProcess: TaskExecutor {
    private let executor: SeededExecutor
    private let killed = Mutex(false)

    init(executor: SeededExecutor) { self.executor = executor }

    public var isKilled: Bool { killed.withLock { $0 } }

    /// Nothing of this process runs any more.
    public func kill() { killed.withLock { $0 = true } }

    /// Starts something on this process. Whoever waits for it waits for ever once this process is killed.
    @discardableResult
    public func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> { Task(executorPreference: self) { await body() } }

    public func enqueue(_ job: consuming ExecutorJob) {
        guard !isKilled else { return }
        executor.enqueue(UnownedJob(job), of: self)
    }
}

public import EventHorizon
import Glibc
import Synchronization

/// Served by an `EventLoop`, on its thread.
public protocol SocketHandler: AnyObject, Sendable {
    func socketIsReadable()
    func socketIsWritable()
}

/// One thread that waits for a socket, for timers and for jobs: the place where a connection and the task that serves it meet without a hop.
///
/// It polls two descriptors, the socket and its bell. With so few, `poll` costs what `epoll` does, and what the loop's own thread changes
/// (a write asked for by a job that runs here) costs no system call.
///
/// It lives until `stop()`; jobs that come later run on Swift's own threads.
public final class EventLoop: TaskExecutor, Sendable {
    struct State {
        var jobs: [UnownedJob] = []
        var timers: [LoopTimer] = []
        var socket: Int32 = -1
        var handler: (any SocketHandler)?
        var wantsRead = false
        var wantsWrite = false
        var isWaiting = false
        var isRung = false
        var isStopping = false
        var thread: pthread_t?
    }
    let state = Mutex(State())
    let bell: (out: Int32, in: Int32)

    /// Starts the thread.
    /// - Throws: `BrokerError`, retriable, where the system has no descriptor or no thread to give.
    public init() throws(BrokerError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw BrokerError(.unavailable, "no descriptor is left for the bell of an event loop: raise the limit of open files", isRetriable: true)
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        bell = (ends[0], ends[1])
        // The thread keeps its loop alive; `stop` ends both.
        try ForeignThread.startOrFail { self.run() }
    }

    deinit {
        close(bell.out)
        close(bell.in)
    }

    public var isCurrent: Bool {
        state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    /// Ends the thread after what is ready has run.
    public func stop() {
        change { $0.isStopping = true }
    }

    // MARK: The socket

    /// Watches `socket` for reading from now on, in place of any other.
    public func watch(_ socket: Int32, for handler: any SocketHandler) {
        change {
            $0.socket = socket
            $0.handler = handler
            $0.wantsRead = true
            $0.wantsWrite = false
        }
    }

    /// Forgets the handler's socket, unless another's is watched by now. The handler may be called once more for what was ready already.
    public func unwatch(_ handler: any SocketHandler) {
        change {
            guard $0.handler === handler else { return }
            $0.socket = -1
            $0.handler = nil
        }
    }

    /// Whether the handler is told when its socket takes more; nothing where another's socket is watched by now.
    public func wantWrite(_ wanted: Bool, for handler: any SocketHandler) {
        change { if $0.handler === handler { $0.wantsWrite = wanted } }
    }

    // MARK: Jobs

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isAccepted = change { state -> Bool in
            if state.isStopping { return false }
            state.jobs.append(job)
            return true
        }
        if !isAccepted { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    }

    // MARK: The thread

    @discardableResult
    func change<Result>(_ body: (inout State) -> Result) -> Result {
        let (result, mustRing) = state.withLock { state in
            let result = body(&state)
            // Only a thread that sleeps in `poll` needs to be woken, once; the loop's own thread looks again before it sleeps.
            let mustRing = state.isWaiting && !state.isRung
            if mustRing { state.isRung = true }
            return (result, mustRing)
        }
        if mustRing {
            var byte: UInt8 = 1
            _ = write(bell.in, &byte, 1)
        }
        return result
    }

    private func run() {
        var jobs: [UnownedJob] = []
        var due: [LoopTimer] = []
        state.withLock { $0.thread = pthread_self() }
        withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { descriptors in
            descriptors.initialize(repeating: pollfd())
            while true {
                let (timeout, handler, isStopping) = state.withLock { state -> (Int32, (any SocketHandler)?, Bool) in
                    descriptors[0] = pollfd(fd: bell.out, events: Int16(POLLIN), revents: 0)
                    let events = (state.wantsRead ? Int16(POLLIN) : 0) | (state.wantsWrite ? Int16(POLLOUT) : 0)
                    descriptors[1] = pollfd(fd: state.socket, events: events, revents: 0)
                    let timeout = state.jobs.isEmpty ? Self.timeout(until: state.timers) : 0
                    state.isWaiting = timeout != 0 && !state.isStopping
                    return (timeout, state.handler, state.isStopping)
                }
                if isStopping { break }
                let ready = poll(descriptors.baseAddress, 2, timeout)
                let wasRung = state.withLock { state in
                    state.isWaiting = false
                    defer { state.isRung = false }
                    return state.isRung
                }
                // Whoever rings has set the flag first and writes after: a byte that comes late only costs one more look.
                if wasRung || (ready > 0 && descriptors[0].revents != 0) { drainBell() }
                if ready > 0, let handler {
                    if descriptors[1].revents & Int16(POLLOUT) != 0 { handler.socketIsWritable() }
                    if descriptors[1].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { handler.socketIsReadable() }
                }
                runDue(&due)
                runReady(&jobs)
            }
        }
        runReady(&jobs)
        state.withLock {
            $0.handler = nil
            $0.timers = []
        }
    }

    private func drainBell() {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { bytes in
            while read(bell.out, bytes.baseAddress, 64) == 64 {}
        }
    }

    private func runReady(_ jobs: inout [UnownedJob]) {
        state.withLock { swap(&$0.jobs, &jobs) }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        jobs.removeAll(keepingCapacity: true)
    }

    private func runDue(_ due: inout [LoopTimer]) {
        state.withLock { state in
            guard !state.timers.isEmpty else { return }
            let now = MonotonicTime.now
            state.timers.removeAll { timer in
                guard timer.due <= now else { return false }
                timer.isArmed = false
                due.append(timer)
                return true
            }
        }
        for timer in due { timer.action() }
        due.removeAll(keepingCapacity: true)
    }

    /// In milliseconds, rounded up; -1 for ever.
    private static func timeout(until timers: [LoopTimer]) -> Int32 {
        guard let first = timers.lazy.map(\.due).min() else { return -1 }
        let now = MonotonicTime.now
        if first <= now { return 0 }
        return Int32(clamping: (first - now + 999_999) / 1_000_000)
    }
}

/// Calls back on its loop's thread when it is due. Its storage is the loop's.
public final class LoopTimer: @unchecked Sendable {
    // Unchecked: both change only under the lock of the loop, in its functions.
    var due: UInt64 = 0
    var isArmed = false
    let action: @Sendable () -> Void

    public init(_ action: @escaping @Sendable () -> Void) { self.action = action }
}

extension EventLoop {
    /// Calls `timer` at `due`, nanoseconds of `MonotonicTime`, in place of when it was due before. Early by nothing, late by up to a millisecond.
    public func arm(_ timer: LoopTimer, at due: UInt64) {
        change { state in
            timer.due = due
            if timer.isArmed { return }
            timer.isArmed = true
            state.timers.append(timer)
        }
    }

    /// Calls `timer` at `due`, unless it is to be called already.
    public func armIfIdle(_ timer: LoopTimer, at due: UInt64) {
        let isArmed = state.withLock { _ in timer.isArmed }
        if !isArmed { arm(timer, at: due) }
    }

    public func disarm(_ timer: LoopTimer) {
        state.withLock { state in
            guard timer.isArmed else { return }
            timer.isArmed = false
            state.timers.removeAll { $0 === timer }
        }
    }
}

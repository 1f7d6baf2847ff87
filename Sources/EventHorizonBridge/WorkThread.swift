public import EventHorizon

/// A thread of our own that does jobs which may block, one after the other, in the order given. It ends with `stop`, after what was given before.
public final class WorkThread: Sendable {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        var isStopping = false
    }
    private let state = Monitor(State())

    /// Starts the thread.
    /// - Throws: `BrokerError`, retriable, where the system has none to give.
    public init() throws(BrokerError) {
        let state = state
        try ForeignThread.startOrFail {
            while let jobs = state.wait({ Self.take(&$0) }), !jobs.isEmpty { for job in jobs { job() } }
        }
    }

    /// Nothing more comes after an empty array.
    private static func take(_ state: inout State) -> [@Sendable () -> Void]? {
        guard !state.jobs.isEmpty || state.isStopping else { return nil }
        defer { state.jobs = [] }
        return state.jobs
    }

    /// Hands a job over; false after `stop`, when it will not be done.
    @discardableResult
    public func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        state.change { state in
            if state.isStopping { return false }
            state.jobs.append(job)
            return true
        }
    }

    /// Does a job there and waits for it, blocking: for threads of our own. Nil after `stop`.
    public func run<Value: Sendable>(_ job: @escaping @Sendable () -> Value) -> Value? {
        let result = Monitor<Value?>(nil)
        guard
            add({
                let value = job(); result.change { $0 = value }
            })
        else { return nil }
        return result.wait { $0 }
    }

    public func stop() { state.change { $0.isStopping = true } }
}

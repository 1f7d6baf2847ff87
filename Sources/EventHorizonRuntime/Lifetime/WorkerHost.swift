internal import EventHorizon
internal import EventHorizonWorkers

/// Runs a worker until it ends, or has to.
struct WorkerHost {
    let worker: any Worker
    let drainLimit: Duration
    let clock: any WorkerClock
    /// Told when the drain begins.
    let willDrain: @Sendable (OperatingSystemSignal) -> Void

    /// - Parameter signals: of the operating system.
    /// - Returns: When the worker has ended. At once, with the worker still running, when it may not wait: the caller ends the process.
    func run(signals: AsyncStream<OperatingSystemSignal>) async -> ExitStatus {
        let (events, report) = AsyncStream.makeStream(of: WorkerLifetime.Event.self)
        // Not child tasks: a worker that does not end must not keep its host from ending.
        let work = Task { [worker] in
            do {
                try await worker.run()
                report.yield(.returned)
            } catch {
                report.yield(.threw(error))
            }
        }
        let listening = Task {
            for await signal in signals { report.yield(.signal(signal)) }
        }
        var deadline: Task<Void, Never>?
        defer {
            listening.cancel()
            deadline?.cancel()
        }
        var lifetime = WorkerLifetime(drainLimit: drainLimit)
        for await event in events {
            switch lifetime.receive(event) {
            case .none: continue
            case .drain(let signal):
                willDrain(signal)
                work.cancel()
                deadline = Task { [clock, drainLimit] in
                    await clock.sleep(until: clock.now + drainLimit)
                    if !Task.isCancelled { report.yield(.drainDeadline) }
                }
            case .exit(let status): return status
            }
        }
        return .failed("the stream of its host's events ended")
    }
}

public import EventHorizonWorkers
internal import Synchronization

/// Keeps the process' readiness by its signals.
public final class HealthInstrument: Instrument {
    private let state = Mutex(Readiness())

    public init() {}

    public var readiness: Readiness { state.withLock { $0 } }

    public func receive(_ signal: Signal) {
        // The one signal of the hot path says nothing about readiness.
        if case .batchSettled = signal { return }
        state.withLock { $0.receive(signal) }
    }

    /// The process has been asked to end: not ready from now on.
    public func drain() { state.withLock { $0.drain() } }
}

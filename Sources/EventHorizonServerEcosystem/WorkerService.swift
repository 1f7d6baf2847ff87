#if ServerEcosystem
public import EventHorizonWorkers
public import ServiceLifecycle

/// A worker as a service of swift-service-lifecycle: a graceful shutdown drains it, and `run` returns when it has.
///
///     let handler = CommandHandlerWorker(Invitation.self, broker: broker)
///     try await ServiceGroup(
///         services: [WorkerService(handler, instruments: [LoggingInstrument(logger), SwiftMetricsInstrument()])],
///         gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
///     ).run()
public struct WorkerService: Service {
    private let worker: any Worker

    /// - Parameter instruments: added to the worker's own.
    public init(_ worker: any Worker, instruments: [any EventHorizonWorkers.Instrument] = []) {
        var worker = worker
        worker.instruments += instruments
        self.worker = worker
    }

    /// - Throws: what the worker throws: `Misconfiguration` where a person has to change something.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { [worker] in try await worker.run() }
    }
}
#endif

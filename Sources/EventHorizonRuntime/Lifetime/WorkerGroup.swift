public import EventHorizonWorkers

/// Several workers in one process. Cancelling drains all of them; when one fails the others are drained, and its error is thrown.
///
///     await runWorker("guestlist") { configuration in
///         let broker = try configuration.broker()
///         return WorkerGroup(
///             CommandHandlerWorker(Invitation.self, broker: broker), SagaWorker(Seating.self, broker: broker))
///     }
public struct WorkerGroup: Worker {
    /// Added to each worker's own.
    public var instruments: [any Instrument] = []
    var workers: [any Worker]

    public init(_ workers: any Worker...) { self.init(workers) }
    public init(_ workers: [any Worker]) { self.workers = workers }

    /// - Throws: the error of the worker that failed first, after the others are drained.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for var worker in workers {
                worker.instruments += instruments
                group.addTask { [worker] in try await worker.run() }
            }
            // Not `waitForAll`, which would wait for the others before it looks at an error. Leaving by one cancels them and waits.
            while try await group.next() != nil {}
        }
    }
}

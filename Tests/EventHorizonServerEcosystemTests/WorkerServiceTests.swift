#if ServerEcosystem
import EventHorizon
import EventHorizonServerEcosystem
import EventHorizonWorkers
import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

struct Telling: EventHorizonWorkers.Instrument {
    let report: AsyncStream<Signal>.Continuation
    func receive(_ signal: Signal) { report.yield(signal) }
}

/// Works until it is cancelled, then drains.
struct PatientWorker: Worker {
    var instruments: [any EventHorizonWorkers.Instrument] = []
    func run() async throws {
        for instrument in instruments { instrument.receive(.started(group: "g", member: "m")) }
        let (never, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        continuation.finish()
        for instrument in instruments { instrument.receive(.drained(group: "g")) }
    }
}

struct FailingWorker: Worker {
    var instruments: [any EventHorizonWorkers.Instrument] = []
    func run() async throws { throw Misconfiguration("no seats") }
}

@Suite(.timeLimit(.minutes(1))) struct WorkerServiceTests {
    @Test func a_graceful_shutdown_drains_the_worker() async throws {
        let (told, report) = AsyncStream.makeStream(of: Signal.self)
        let group = ServiceGroup(
            services: [WorkerService(PatientWorker(), instruments: [Telling(report: report)])], gracefulShutdownSignals: [],
            logger: Logger(label: "test"))
        let running = Task { try await group.run() }
        var signals = told.makeAsyncIterator()
        #expect(await signals.next() == .started(group: "g", member: "m"))
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(await signals.next() == .drained(group: "g"))
    }

    @Test func what_the_worker_throws_ends_the_service() async {
        let group = ServiceGroup(services: [WorkerService(FailingWorker())], gracefulShutdownSignals: [], logger: Logger(label: "test"))
        await #expect(throws: Misconfiguration("no seats")) { try await group.run() }
    }
}
#endif

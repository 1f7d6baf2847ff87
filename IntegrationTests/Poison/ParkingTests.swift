import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonWorkers
import ServerSupport
import Synchronization
import Testing

/// A command that keeps failing parks its aggregate and no other, on real brokers.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ParkingTests {
    @Test func what_is_parked_is_released_in_order_on_nats() async throws {
        try await NATSServer.start().use { try await parksAndReleases(on: $0.url) }
    }

    @Test func what_is_parked_is_released_in_order_on_kafka() async throws {
        try await KafkaServer.start().use { try await parksAndReleases(on: $0.url) }
    }

    private func parksAndReleases(on url: String) async throws {
        let address = try #require(BrokerAddress(url))
        let folder = try TemporaryFolder("eventhorizon-poison")
        let application = "meters-\(UInt32.random(in: 0 ... .max))"
        Meter.broken.withLock { _ = $0.insert(application) }
        let signals = [Signals(), Signals()]
        /// As another process would have it.
        func someBroker() throws -> any Broker {
            var settings = BrokerSettings(address: address, application: application, clientName: "meters")
            settings.partitionCount = 4
            settings.replicaFolder = folder.path
            return try broker(settings, surroundings: .system)
        }
        func workers() throws -> [CommandHandlerWorker] {
            try signals.map { signals in
                var worker = CommandHandlerWorker(Meter.self, broker: try someBroker())
                worker.instruments = [signals]
                worker.settings.failures.retry.budget = .milliseconds(300)
                return worker
            }
        }
        let commands = CommandPublisher(broker: try someBroker())
        func take(_ reading: Int) -> Meter.Command { .take(reading: reading, application: application) }
        let meters = (0..<100).map { Meter.ID("meter-\($0)") }
        let poisoned = meters[7]
        let stream = StreamID(Category(Meter.category), "\(poisoned)")

        try await running(workers()) {
            try await sharedOut(4, among: signals)
            for reading in 1...20 {
                try await commands.send(contentsOf: meters.map { (take($0 == poisoned && reading == 5 ? -5 : reading), $0) })
            }
            for meter in meters where meter != poisoned {
                guard case .accepted(let receipt) = try await commands.ask(take(21), to: meter) else { throw Unexpected("\(meter) is behind") }
                #expect(receipt.version == 21)
            }
            await #expect(throws: CommandError.self) { _ = try await commands.ask(take(21), to: poisoned) }
            await #expect(throws: StillParked.self) { try await commands.release(stream) }
        }
        #expect(signals.flatMap(\.parked) == [stream])
        Meter.broken.withLock { _ = $0.remove(application) }
        // By others, which know of the aggregate what the log says.
        try await running(workers()) {
            try await sharedOut(4, among: signals)
            async let released: Void = commands.release(stream)
            for reading in 22...40 { try await commands.send(take(reading), to: poisoned) }
            try await released
            guard case .accepted(let receipt) = try await commands.ask(take(41), to: poisoned) else { throw Unexpected("out of order") }
            #expect(receipt.version == 41)
        }
        #expect(signals.flatMap(\.parked) == [stream])
    }

    /// Waits until every partition is held and no worker has none: a group that still moves them answers later than a client waits.
    private func sharedOut(_ partitions: Int, among signals: [Signals]) async throws {
        while signals.contains(where: { $0.held == 0 }) || signals.reduce(0, { $0 + $1.held }) < partitions {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private struct Unexpected: Error {
        let what: String
        init(_ what: String) { self.what = what }
    }

    /// Runs workers until `body` is through.
    private func running(_ workers: [CommandHandlerWorker], _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { try await worker.run() } }
            defer { group.cancelAll() }
            try await body()
        }
    }
}

/// Which streams were parked and how many partitions are held, as a worker told it.
private final class Signals: Instrument {
    private let state = Mutex((parked: [StreamID](), held: 0))
    var parked: [StreamID] { state.withLock { $0.parked } }
    var held: Int { state.withLock { $0.held } }

    func receive(_ signal: Signal) {
        state.withLock { state in
            switch signal {
            case .parked(_, let stream, _, _): state.parked.append(stream)
            case .partitionClaimed: state.held += 1
            case .partitionReleased, .partitionLost: state.held -= 1
            default: break
            }
        }
    }
}

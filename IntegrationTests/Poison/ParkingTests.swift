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
        let signals = Signals()
        /// As another process would have it.
        func someBroker() throws -> any Broker {
            var settings = BrokerSettings(address: address, application: application, clientName: "meters")
            settings.partitionCount = 4
            settings.replicaFolder = folder.path
            return try broker(settings, surroundings: .system)
        }
        func workers() throws -> [CommandHandlerWorker] {
            try (1...2).map { _ in
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
        #expect(signals.parked == [stream])
        Meter.broken.withLock { _ = $0.remove(application) }
        // By others, which know of the aggregate what the log says.
        try await running(workers()) {
            async let released: Void = commands.release(stream)
            for reading in 22...40 { try await commands.send(take(reading), to: poisoned) }
            try await released
            guard case .accepted(let receipt) = try await commands.ask(take(41), to: poisoned) else { throw Unexpected("out of order") }
            #expect(receipt.version == 41)
        }
        #expect(signals.parked == [stream])
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

/// Which streams were parked, as the workers told it.
private final class Signals: Instrument {
    private let streams = Mutex<[StreamID]>([])
    var parked: [StreamID] { streams.withLock { $0 } }

    func receive(_ signal: Signal) {
        if case .parked(_, let stream, _) = signal { streams.withLock { $0.append(stream) } }
    }
}

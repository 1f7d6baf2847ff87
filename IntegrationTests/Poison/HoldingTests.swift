import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonSQLite
import EventHorizonWorkers
import ServerSupport
import Synchronization
import Testing

/// Every reading in the order in which it was projected. Some cannot be until the bug is mended.
private struct Readings: Projector {
    static let name = "readings"
    static let reads = Events(of: Meter.self)
    let bug: Bug

    final class Bug: Sendable {
        private let isThere = Mutex(true)
        func check(_ event: Recorded<Meter>) throws {
            if event.aggregate == "meter-7", case .taken(let reading) = event.body, reading.value == 5, isThere.withLock({ $0 }) { throw Unlucky() }
        }
        func mend() { isThere.withLock { $0 = false } }
    }

    struct Unlucky: Error {}

    func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute("CREATE TABLE reading (number INTEGER PRIMARY KEY, meter TEXT NOT NULL, value INTEGER NOT NULL)")
    }

    func project(_ event: Recorded<Meter>, in db: borrowing SQLiteTransaction) throws {
        guard case .taken(let reading) = event.body else { return }
        try bug.check(event)
        try db.execute("INSERT INTO reading (meter, value) VALUES (?, ?)", event.aggregate, reading.value)
    }
}

/// An event that cannot be projected holds back its stream and no other, on real brokers, whoever takes its partition over.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HoldingTests {
    @Test func what_is_held_is_projected_in_order_on_nats() async throws {
        try await NATSServer.start().use { try await holdsAndReleases(on: $0.url) }
    }

    @Test func what_is_held_is_projected_in_order_on_kafka() async throws {
        try await KafkaServer.start().use { try await holdsAndReleases(on: $0.url) }
    }

    private func holdsAndReleases(on url: String) async throws {
        let folder = try TemporaryFolder("eventhorizon-holding")
        var settings = BrokerSettings(address: try #require(BrokerAddress(url)), application: "meters", clientName: "meters")
        settings.partitionCount = 4
        settings.replicaFolder = folder.path
        let store = SQLite(folder: folder.path + "/models")
        let bug = Readings.Bug()
        /// As another process would have it.
        func projectors() throws -> [any Worker] {
            try (0..<2).map { _ in
                var worker = ProjectorWorker(Readings(bug: bug), into: store, broker: try broker(settings, surroundings: .system))
                worker.failures.retry.budget = .milliseconds(300)
                return worker
            }
        }
        let commands = CommandPublisher(broker: try broker(settings, surroundings: .system))
        let meters = (0..<20).map { Meter.ID("meter-\($0)") }
        let held = meters[7]
        let stream = StreamID(Category(Meter.category), "\(held)")

        func take(_ readings: ClosedRange<Int>) async throws -> [Receipt] {
            var receipts: [Receipt] = []
            for reading in readings {
                for meter in meters {
                    let answer = try await commands.ask(.take(reading: reading, application: ""), to: meter, within: .seconds(30))
                    guard case .accepted(let receipt) = answer else { throw Unexpected(what: "\(meter) rejected \(reading)") }
                    if reading == readings.upperBound { receipts.append(receipt) }
                }
            }
            return receipts
        }
        func values(of meter: Meter.ID) throws -> [Int] {
            try store.snapshot(of: ProjectionID(Readings.self)) { db, _ in
                try db.rows("SELECT value FROM reading WHERE meter = ? ORDER BY number", "\(meter)").map { try $0[0] }
            }
        }

        try await running([CommandHandlerWorker(Meter.self, broker: try broker(settings, surroundings: .system))]) {
            try await running(try projectors()) {
                for (meter, receipt) in zip(meters, try await take(1...10)) where meter != held {
                    try await store.read(Readings.self, atLeast: receipt, within: .seconds(30)) { _ in }
                }
                while try !store.checkpoints(of: ProjectionID(Readings.self)).values.contains(where: { $0.held[stream]?.isParked ?? false }) {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            #expect(try values(of: held) == Array(1...4))
            // By others, which know what the checkpoint says.
            try await running(try projectors()) {
                let receipts = try await take(11...12)
                bug.mend()
                try await commands.release(stream)
                for receipt in receipts {
                    while true {
                        do {
                            try await store.read(Readings.self, atLeast: receipt, within: .seconds(30)) { _ in }
                            break
                        } catch ReadModelError.parked(_, stream) {
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
        }
        for meter in meters { #expect(try values(of: meter) == Array(1...12)) }
    }

    private struct Unexpected: Error {
        let what: String
    }

    /// Runs workers until `body` is through.
    private func running(_ workers: [any Worker], _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { try await worker.run() } }
            defer { group.cancelAll() }
            try await body()
        }
    }
}

import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonWorkers
import Mortal
import ServerSupport
import Testing

/// A command that ends every process that decides it parks its aggregate and no other, on real brokers, with real processes.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct TrapTests {
    @Test func what_workers_die_of_is_parked_on_nats() async throws {
        try await NATSServer.start().use { try await parks(on: $0.url) }
    }

    @Test func what_workers_die_of_is_parked_on_kafka() async throws {
        try await KafkaServer.start().use { try await parks(on: $0.url, "--static-member", "mortal") }
    }

    private func parks(on url: String, _ arguments: String...) async throws {
        let folder = try TemporaryFolder("eventhorizon-traps")
        let mended = "\(folder.path)/mended"
        let application = "mortals-\(UInt32.random(in: 0 ... .max))"
        var settings = BrokerSettings(address: try #require(BrokerAddress(url)), application: application, clientName: "mortals")
        settings.partitionCount = 2
        settings.replicaFolder = "\(folder.path)/client"
        let commands = CommandPublisher(broker: try broker(settings, surroundings: .system))
        let worker = MortalWorker(
            [
                "--broker", url, "--application", application, "--partitions", "2", "--lease-time", "1s", "--replica-folder",
                "\(folder.path)/worker",
            ] + arguments, mended: mended)
        let meters = (0...20).map { Mortal.ID("meter-\($0)") }
        let poisoned = meters[7]
        let stream = StreamID(Category(Mortal.category), "\(poisoned)")

        let deaths = try await worker.running {
            for reading in 1...10 {
                try await commands.send(contentsOf: meters.map { (.take(reading: $0 == poisoned && reading == 5 ? -5 : reading), $0) })
            }
            // Answered in its turn only where each before it was decided once, in order.
            for meter in meters where meter != poisoned { try await expect(11, of: meter, by: commands) }
            let error = await #expect(throws: CommandError.self) { try await expect(11, of: poisoned, by: commands) }
            guard case .parked = error else { throw SupportError("not parked: \(String(describing: error))") }
        }
        // Three that did not show what it was, and three alone with it.
        #expect((5...10).contains(deaths), "\(deaths) deaths")

        let more = try await worker.running {
            await #expect(throws: StillParked.self) { try await commands.release(stream, within: .seconds(120)) }
            for meter in meters where meter != poisoned { try await expect(12, of: meter, by: commands) }
        }
        #expect((5...10).contains(more), "\(more) deaths")

        try write("", to: mended)
        let last = try await worker.running {
            try await commands.release(stream, within: .seconds(60))
            try await expect(12, of: poisoned, by: commands)
        }
        #expect(last == 0)
    }

    private func expect(_ reading: Int, of meter: Mortal.ID, by commands: CommandPublisher) async throws {
        let answer = try await commands.ask(.take(reading: reading), to: meter, within: .seconds(120))
        guard case .accepted(let receipt) = answer, receipt.version == reading else {
            throw SupportError("\(meter) does not take reading \(reading) in its turn: \(answer)")
        }
    }
}

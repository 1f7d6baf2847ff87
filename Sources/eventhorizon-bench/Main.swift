import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonMemory
import EventHorizonWorkers
import Glibc
import ServerSupport

@main struct Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.isEmpty || arguments.contains("--help") { return print(Options.help) }
        do {
            let options = try Options(arguments)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await run(options) }
                try await group.waitForAll()
            }
        } catch {
            StandardError.write("eventhorizon-bench: \(error)")
            exit(1)
        }
    }

    private static func run(_ options: Options) async throws {
        switch options.role {
        case .parent: try await Pipeline(options: options).run()
        case .publisher: tell("start", try await Publishing(options: options, broker: remote(options)).run())
        case .handler: try await handler(options, remote(options)).run()
        case .projector:
            let measured = try await Projecting(options: options, broker: remote(options)).run()
            if options.rate > 0 { for latency in measured.latencies { tell("latency", latency) } }
            tell("end", measured.end)
        }
        if options.role != .parent { print(Usage(of: getpid()).line) }
    }

    static func handler(_ options: Options, _ broker: any Broker) -> CommandHandlerWorker {
        var worker = CommandHandlerWorker(Bookings.self, broker: broker)
        worker.settings.sharedCommands = options.shared
        if options.role == .handler { worker.instruments = [ReadySign(partitions: options.partitions)] }
        return worker
    }

    private static func remote(_ options: Options) throws -> any Broker {
        guard let address = BrokerAddress(options.url) else {
            throw Misconfiguration("--url is '\(options.url)': \(BrokerAddress.expectation) is expected")
        }
        var settings = BrokerSettings(address: address, application: options.application, clientName: "eventhorizon-bench")
        settings.partitionCount = options.partitions
        settings.replicaFolder = "\(options.folder)/replicas"
        return try broker(settings, surroundings: .system)
    }

    private static func tell(_ name: String, _ value: Double) {
        print(name, value)
        fflush(nil)
    }
}

import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonWorkers
import Glibc
import ServerSupport
import Synchronization
import Testing

/// The `eventhorizon` tool as a person uses it, on real brokers.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct LetterToolTests {
    @Test func dead_letters_are_listed_released_and_dropped_on_nats() async throws {
        try await NATSServer.start().use { try await listsReleasesAndDrops(on: $0.url) }
    }

    @Test func dead_letters_are_listed_released_and_dropped_on_kafka() async throws {
        try await KafkaServer.start().use { try await listsReleasesAndDrops(on: $0.url) }
    }

    private func listsReleasesAndDrops(on url: String) async throws {
        let folder = try TemporaryFolder("eventhorizon-letters")
        let application = "meters-\(UInt32.random(in: 0 ... .max))"
        Meter.broken.withLock { _ = $0.insert(application) }
        var settings = BrokerSettings(address: try #require(BrokerAddress(url)), application: application, clientName: "meters")
        settings.partitionCount = 4
        settings.replicaFolder = folder.path
        let tool = Tool(broker: url, application: application)

        let nothing = try await tool.run("letters", "list")
        #expect(nothing.status == .exited(78) && nothing.errors.contains("there is no application '\(application)'"), "\(nothing)")

        let broker = try broker(settings, surroundings: .system)
        let commands = CommandPublisher(broker: broker)
        let (red, blue) = (Meter.ID("red"), Meter.ID("blue"))
        func take(_ reading: Int) -> Meter.Command { .take(reading: reading, application: application) }
        var worker = CommandHandlerWorker(Meter.self, broker: broker)
        worker.settings.failures.retry.budget = .milliseconds(200)
        try await withThrowingTaskGroup(of: Void.self) { [worker] group in
            group.addTask { try await worker.run() }
            defer { group.cancelAll() }
            for meter in [red, blue] {
                try await commands.send(take(1), to: meter)
                for reading in [-2, 3] {
                    await #expect(throws: CommandError.self) { _ = try await commands.ask(take(reading), to: meter, within: .seconds(40)) }
                }
            }
            let streams = [red, blue].map { "\(Meter.category)/\($0)" }

            let table = try await tool.run("letters", "list", "--state", "parked")
            #expect(table.status == .exited(0) && table.errors == "", "\(table)")
            #expect(table.lines.count == 5 && table.lines[0].hasPrefix("LETTER "), "\(table)")
            let all = try await tool.run("letters", "list", "--json")
            #expect(all.lines.count == 4 && all.lines.allSatisfy { $0.contains(#""state":"parked""#) }, "\(all)")
            let failed = try await tool.run("letters", "list", "--json", "--reason", "Bug", "--stream", streams[0], "--type", "meters.v1.Take")
            #expect(
                failed.lines.count == 1 && failed.output.contains(#""payload":"{\"application\":\"\#(application)\",\"reading\":-2}""#), "\(failed)")
            let name = try #require(failed.output.split(separator: "\"").dropFirst(3).first.map(String.init))
            let shown = try await tool.run("letters", "show", "--letter", name)
            #expect(shown.lines.contains("stream        \(streams[0])") && shown.lines.contains("state         parked"), "\(shown)")

            let unsaid = try await tool.run("letters", "release")
            #expect(unsaid.status == .exited(78) && unsaid.errors.contains("or --all for every parked one"), "\(unsaid)")
            let unmended = try await tool.run("letters", "release", "--stream", streams[0])
            #expect(unmended.status == .exited(70), "\(unmended)")
            #expect(unmended.output.hasPrefix("still-parked  \(streams[0])  (2 letters): ") && unmended.output.contains("Bug"), "\(unmended)")
            #expect(unmended.errors == "eventhorizon: the letters of 1 of 1 aggregates are not released\n")

            // The one that fails is dropped alone; what came behind it stays parked.
            let dropped = try await tool.run("letters", "drop", "--letter", name, "--json")
            #expect(dropped.status == .exited(0), "\(dropped)")
            #expect(dropped.output == #"{"stream":"\#(streams[0])","outcome":"dropped","letters":1,"reason":null}"# + "\n")
            let rest = try await tool.run("letters", "list", "--json", "--stream", streams[0])
            #expect(rest.lines.map { $0.contains(#""state":"dropped""#) } == [true, false], "\(rest)")

            Meter.broken.withLock { _ = $0.remove(application) }
            let released = try await tool.run("letters", "release", "--all")
            #expect(released.status == .exited(0) && released.lines.count == 2, "\(released)")
            #expect(released.lines.sorted() == ["released  \(streams[1])  (2 letters)", "released  \(streams[0])  (1 letter)"].sorted())
            let none = try await tool.run("letters", "list", "--json", "--state", "parked")
            #expect(none.status == .exited(0) && none.output == "", "\(none)")
            #expect(try await tool.run("letters", "list", "--json", "--state", "decided").lines.count == 3)
            // Its projectors may hold something of it.
            let again = try await tool.run("letters", "release", "--stream", streams[0])
            #expect(again.status == .exited(0) && again.lines == ["released  \(streams[0])  (0 letters)"], "\(again)")
            #expect(try await tool.run("letters", "drop", "--stream", streams[0]).lines == ["no parked letter is meant"])
            guard case .accepted(let receipt) = try await commands.ask(take(4), to: blue) else { throw SupportError("blue did not go on") }
            #expect(receipt.version == 4)
        }
    }
}

/// The tool as a process, which lies beside this one.
private struct Tool {
    let broker: String
    let application: String

    struct Result: CustomStringConvertible {
        let status: ServerSupport.ExitStatus
        let output: String
        let errors: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var description: String { "\(status)\n\(output)\n\(errors)" }
    }

    func run(_ arguments: String...) async throws -> Result {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        try #require(length > 0)
        let tests = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let programs = tests[..<(try #require(tests.lastIndex(of: "/")))]
        let environment = ["EVENTHORIZON_BROKER": broker, "EVENTHORIZON_APPLICATION": application]
        let process = try ChildProcess("\(programs)/eventhorizon", arguments, environment: environment, errors: .captured)
        let status = try await process.exit(within: .seconds(60))
        return Result(status: status, output: process.standardOutput, errors: process.standardError)
    }
}

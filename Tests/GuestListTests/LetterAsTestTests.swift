import EventHorizon
import EventHorizonJSON
import EventHorizonMemory
import EventHorizonWorkers
import GuestList
import ServerSupport
import Testing

/// A dead letter as a test that can be pasted: `PastedLetterTests.swift` is what was printed, and runs.
@Suite(.timeLimit(.minutes(1))) struct LetterAsTestTests {
    /// Reads no message without fields: a bug of a build.
    private struct Broken: PayloadFormat {
        struct Bug: Error {}
        var contentType: String { JSONFormat.json.contentType }
        func encode(_ body: (any Encoder) throws -> Void) throws -> [UInt8] { try JSONFormat.json.encode(body) }
        func decode<Value>(_ payload: [UInt8], _ body: (any Decoder) throws -> Value) throws -> Value {
            if payload.count < 3 { throw Bug() }
            return try JSONFormat.json.decode(payload, body)
        }
    }

    private let broker = MemoryBroker(application: "guestlist")
    private let athena: Invitation.ID = "athena"

    private func running(_ worker: CommandHandlerWorker, _ body: (CommandPublisher) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            defer { group.cancelAll() }
            try await body(CommandPublisher(broker: broker))
        }
    }

    /// Athena is invited and accepts; then a build with a bug cannot read that she accepts again.
    private func letter() async throws -> LetterID {
        try await running(CommandHandlerWorker(Invitation.self, broker: broker)) { commands in
            _ = try await commands.ask(.create(list: "olympus", name: "Pallas \"Athena\"\n", age: 42), to: athena)
            _ = try await commands.ask(.create(list: "olympus", name: "Zeus", age: nil), to: Invitation.ID("zeus"))
            _ = try await commands.ask(.accept, to: athena)
        }
        try await running(CommandHandlerWorker(Invitation.self, broker: broker, payloads: [Broken()])) { commands in
            await #expect(throws: CommandError.self) { _ = try await commands.ask(.accept, to: athena) }
        }
        // What happens later is not given.
        try await running(CommandHandlerWorker(Invitation.self, broker: broker)) { commands in _ = try await commands.ask(.confirm, to: athena) }
        let record = try #require(broker.records(of: .deadLetters).first)
        return LetterID(partition: record.partition, position: record.position)
    }

    @Test func what_is_printed_is_what_was_pasted() async throws {
        let printed = try await CommandHandlerWorker(Invitation.self, broker: broker).test(of: letter())
        let folder = try #require(#filePath.lastIndex(of: "/").map { #filePath[..<$0] })
        let pasted = try TextFile.read("\(folder)/PastedLetterTests.swift")
        #expect(printed == pasted, "what is printed now:\n\(printed ?? "nothing")")
    }

    @Test func a_letter_that_is_not_there_or_anothers_is_said() async throws {
        let id = try await letter()
        let worker = CommandHandlerWorker(Invitation.self, broker: broker)
        let error = await #expect(throws: Misconfiguration.self) {
            try await worker.test(of: LetterID(partition: id.partition, position: Position(99)))
        }
        #expect(error?.description == "there is no dead letter \(id.partition)/99 in the application 'guestlist'")
        #expect(try await CommandHandlerWorker(Other.self, broker: broker).test(of: id) == nil)
        let unread = await #expect(throws: Misconfiguration.self) {
            try await CommandHandlerWorker(Invitation.self, broker: broker, payloads: [Broken()]).test(of: id)
        }
        #expect(unread?.description.contains("cannot be told as a test") == true)
    }
}

private struct Other: Aggregate {
    static let category = "guestlist.v1.Other"
    enum Command: Message {
        case ask
        enum CodingKeys: String, MessageName { case ask = "guestlist.v1.Ask" }
    }
    enum Event: Message {
        case asked
        enum CodingKeys: String, MessageName { case asked = "guestlist.v1.Asked" }
    }
    func decide(_ command: Command) -> [Event] { [.asked] }
    mutating func evolve(with event: Event) {}
}

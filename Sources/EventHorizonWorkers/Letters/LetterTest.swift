internal import EventHorizon

/// A dead letter on its way to a test's text.
///
/// Throws `UnreadableMessage` where this build does not read what it is given.
protocol LetterTest {
    mutating func take(command: Payload) throws
    /// - Returns: Whether to go on: the command that was read at this place is not decided yet.
    mutating func take(_ commit: Commit, before place: Place) throws -> Bool
    func text(of letter: FiledLetter, stream: StreamID) -> String
}

struct AggregateLetterTest<A: Aggregate>: LetterTest {
    private let formats: [any PayloadFormat]
    private var given: [String] = []
    private var when: [String] = []

    init(formats: [any PayloadFormat]) { self.formats = formats }

    mutating func take(command: Payload) throws {
        // An older command may say several of today's.
        var commands: [A.Command] = []
        do { try A.Command.catalog.decode(command, formats: formats, into: &commands) } catch { throw UnreadableMessage(error) }
        when += commands.map(Self.literal)
    }

    mutating func take(_ commit: Commit, before place: Place) throws -> Bool {
        var decidedBefore = commit.events.count
        let found = commit.decided.firstIndex { $0.place == place }
        if let found {
            decidedBefore = 0
            for case .accepted(let versions) in commit.decided[..<found].map(\.outcome) { decidedBefore += versions.count }
        }
        var events: [A.Event] = []
        for event in commit.events.prefix(decidedBefore) {
            do { try A.Event.catalog.decode(event.payload, formats: formats, into: &events) } catch { throw UnreadableMessage(error) }
        }
        given += events.map(Self.literal)
        return found == nil
    }

    func text(of letter: FiledLetter, stream: StreamID) -> String {
        let name = String(reflecting: A.self)
        let module = name.prefix { $0 != "." }
        var lines = ["import EventHorizonTesting", "import \(module)", "import Testing", ""]
        lines.append("// Dead letter \(letter.id) of \(Self.oneLine("\(stream)")): \(Self.oneLine(letter.reason))")
        lines.append("@Test func dead_letter_\(letter.id.partition)_\(letter.id.position)() {")
        lines.append("    Scenario(\(name.dropFirst(module.count + 1)).self)")
        if !given.isEmpty {
            lines.append("        .given(")
            lines += given.map { "            \($0)," }
            lines[lines.count - 1].removeLast()
            lines.append("        )")
        }
        lines += when.map { "        .when(\($0))" }
        lines += ["        .then()  // say what it comes to", "}", ""]
        return lines.joined(separator: "\n")
    }

    /// As Swift, where its type is known.
    private static func literal<Value>(_ value: Value) -> String {
        let text = String(reflecting: value)
        let type = String(reflecting: Value.self) + "."
        return text.hasPrefix(type) ? "." + text.dropFirst(type.count) : text
    }

    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}

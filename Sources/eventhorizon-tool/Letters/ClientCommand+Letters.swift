import EventHorizon
import EventHorizonRuntime
import EventHorizonWorkers

extension ClientCommand {
    static var listLetters: ClientCommand {
        ClientCommand(
            "letters list", "Lists dead letters with what became of each.", keys: LetterFilter.keys + [ConfigurationKey.state, ConfigurationKey.json]
        ) { configuration in
            var filter = try LetterFilter(configuration)
            filter.state = try configuration.valueIfSet(for: .state)
            let isJSON = try configuration.value(for: .json)
            var isFirst = true
            try await DeadLetters(broker: try configuration.broker()).read(filter) { letters in
                if isJSON { for letter in letters { print(letter.json) } } else { print(LetterTable(letters, hasHead: isFirst)) }
                isFirst = false
                return true
            }
        }
    }

    static var showLetter: ClientCommand {
        ClientCommand(
            "letters show", "Shows one dead letter with its message.", keys: [ConfigurationKey.letter, ConfigurationKey.json]
        ) { configuration in
            let id = try configuration.value(for: .letter)
            guard let letter = try await DeadLetters(broker: try configuration.broker()).letter(id) else {
                throw Misconfiguration("there is no dead letter \(id): `eventhorizon letters list` names those that there are")
            }
            print(try configuration.value(for: .json) ? letter.json : letter.details)
        }
    }

    static var releaseLetters: ClientCommand {
        ClientCommand(
            "letters release", "Has the parked letters of each aggregate decided in their order, and waits for it.", keys: changing
        ) { configuration in
            let commands = CommandPublisher(broker: try configuration.broker())
            let limit = try configuration.value(for: .within)
            // Projectors hear of it too, and try again what they hold of an aggregate that is parked in their read models alone.
            try await change(configuration, "released", evenUnparked: true) { stream, _ in try await commands.release(stream, within: limit) }
        }
    }

    static var dropLetters: ClientCommand {
        ClientCommand("letters drop", "Gives parked letters up for good; what is parked behind them stays parked.", keys: changing) { configuration in
            let commands = CommandPublisher(broker: try configuration.broker())
            let limit = try configuration.value(for: .within)
            try await change(configuration, "dropped") { stream, letters in
                // A command has a largest size.
                for start in stride(from: 0, to: letters.count, by: 10_000) {
                    try await commands.drop(Array(letters[start..<min(start + 10_000, letters.count)]), of: stream, within: limit)
                }
            }
        }
    }

    private static var changing: [any ConfigurationDeclaration] {
        LetterFilter.keys + [ConfigurationKey.all, ConfigurationKey.within, ConfigurationKey.json]
    }

    /// Does something to the parked letters that are meant, an aggregate at a time, and says what came of each.
    /// - Parameter evenUnparked: Also to an aggregate that is named and nothing else is said, where none of its letters is parked.
    /// - Throws: `LettersLeft` in the end where it failed for one.
    private static func change(
        _ configuration: Configuration, _ done: String, evenUnparked: Bool = false, _ body: (StreamID, [MessageID]) async throws -> Void
    ) async throws {
        var filter = try LetterFilter(configuration)
        filter.state = .parked
        guard try !filter.isOpen || configuration.value(for: .all) else {
            throw Misconfiguration(
                "nothing says which letters are meant: give --letter, --stream, --reason, --type or --group, or --all for every parked one")
        }
        let isJSON = try configuration.value(for: .json)
        var streams: [StreamID] = []
        var letters: [StreamID: [MessageID]] = [:]
        try await DeadLetters(broker: try configuration.broker()).read(filter) { found in
            for letter in found {
                guard let stream = letter.letter?.stream, let command = letter.command else { continue }
                if letters[stream] == nil { streams.append(stream) }
                letters[stream, default: []].append(command)
            }
            return true
        }
        if evenUnparked, streams.isEmpty, let stream = filter.stream, filter == LetterFilter(stream: stream, state: .parked) { streams = [stream] }
        var failed = 0
        for stream in streams {
            let ids = letters[stream] ?? []
            let outcome: LetterOutcome
            do {
                try await body(stream, ids)
                outcome = LetterOutcome(stream: stream, letters: ids.count, outcome: done)
            } catch let error as Misconfiguration {
                throw error
            } catch {
                failed += 1
                outcome = LetterOutcome(stream: stream, letters: ids.count, outcome: error is StillParked ? "still-parked" : "failed", error: error)
            }
            print(isJSON ? outcome.json : outcome.text)
        }
        if streams.isEmpty, !isJSON { print("no parked letter is meant") }
        if failed > 0 { throw LettersLeft(failed: failed, count: streams.count, done: done) }
    }
}

struct LettersLeft: Error, CustomStringConvertible {
    let failed: Int
    let count: Int
    let done: String
    var description: String { "the letters of \(failed) of \(count) aggregates are not \(done)" }
}

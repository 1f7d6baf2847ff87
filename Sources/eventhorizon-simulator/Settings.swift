import EventHorizonTesting
import ServerSupport

/// What the program was asked to do.
struct Settings {
    var count = 1_000
    var first: UInt64 = 1
    var quirks = BrokerQuirk.jetStream
    var atomicSettle = false
    var processes = Set(ProcessFault.allCases)
    var threads = 1
    var violations = 10
    var printsDigests = false
    var traces = false
    var isHelp = false

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard let option = Option.all.first(where: { $0.name == word }) else {
                throw SupportError("'\(word)' is not known here: --help says what is")
            }
            var value = ""
            if let placeholder = option.placeholder {
                guard let given = rest.popFirst() else { throw SupportError("\(word) has no value: it takes \(placeholder), see --help") }
                value = given
            }
            do { try option.take(&self, value) } catch { throw SupportError("\(word): \(error)") }
        }
    }

    static var help: String {
        var lines = [
            "eventhorizon-simulator: breaks what runs, by seed and in one process, and checks afterwards what was promised.", "",
            "The guest list's workers, unchanged, run in one thread on the memory broker by a virtual clock. They are killed, stopped and slowed, and the broker",
            "does what real ones do at their worst; then all must come to rest, and the logs and read models are checked as after a fault run. The same seed",
            "gives the same run. A violation prints its seed and the history of its stream.", "",
            "Usage: eventhorizon-simulator [--option value] ...", "",
        ]
        let width = Option.all.map { $0.heading.count }.max() ?? 0
        for option in Option.all {
            lines.append("  " + option.heading + String(repeating: " ", count: width - option.heading.count) + "  " + option.help)
        }
        lines += [
            "", "jetstream is all but the last two; kafka those of a broker whose outcomes are transactions.",
            "Quirks: " + BrokerQuirk.allCases.map(\.rawValue).joined(separator: ", "),
            "Faults: " + ProcessFault.allCases.map(\.rawValue).joined(separator: ", "), "",
            "Which of them a seed has, and how often, is drawn from the seed. Read models lie in TMPDIR, or in /dev/shm where it is not set.",
            "Exit codes: 0 nothing was violated; 1 something was, with its seed; 2 the command line is wrong.",
        ]
        return lines.joined(separator: "\n")
    }
}

extension Option {
    var heading: String { placeholder.map { "\(name) \($0)" } ?? name }

    static func quirks(_ text: String) throws -> Set<BrokerQuirk> {
        switch text {
        case "jetstream": BrokerQuirk.jetStream
        case "kafka": BrokerQuirk.kafka
        case "none": []
        default: try Set(words(text))
        }
    }

    static func processes(_ text: String) throws -> Set<ProcessFault> {
        switch text {
        case "all": Set(ProcessFault.allCases)
        case "none": []
        default: try Set(words(text))
        }
    }

    private static func words<Word: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> [Word] {
        try text.split(separator: ",").map { part in
            guard let word = Word(rawValue: String(part)) else {
                throw SupportError("'\(part)' is none of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return word
        }
    }
}

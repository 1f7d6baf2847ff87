import ServerSupport

/// One option of the command line: all that is known of it.
struct Option: Sendable {
    let name: String
    /// What stands for its value in the help; nil for a flag.
    let placeholder: String?
    /// A sentence or two, with the default.
    let help: String
    let take: @Sendable (inout Settings, String) throws -> Void

    static let all: [Option] = [
        Option(name: "--seeds", placeholder: "N", help: "How many runs, one seed each. 1000 when it is not given.") {
            $0.count = try number($1, in: 1...10_000_000)
        },
        Option(name: "--seed", placeholder: "FIRST", help: "The first run's seed; the others count on from it. 1 when it is not given.") {
            $0.first = UInt64(try number($1, in: 0...Int.max / 2))
        },
        Option(
            name: "--broker-quirks", placeholder: "QUIRKS",
            help: "What the broker may do: jetstream, kafka, none, or some of those below, separated by commas. jetstream when it is not given."
        ) { settings, text in
            settings.quirks = try quirks(text)
            settings.atomicSettle = text == "kafka"
        },
        Option(
            name: "--faults", placeholder: "FAULTS",
            help: "What may be done to workers: all, none, or some of those below, separated by commas. all when it is not given."
        ) { $0.processes = try processes($1) },
        Option(name: "--threads", placeholder: "N", help: "How many seeds run side by side. 1 when it is not given.") {
            $0.threads = try number($1, in: 1...256)
        },
        Option(
            name: "--violations", placeholder: "N", help: "Stops after so many seeds with violations. 10 when it is not given."
        ) { $0.violations = try number($1, in: 1...1_000_000) },
        Option(name: "--digests", placeholder: nil, help: "Prints a line for every seed, with a digest of all that happened.") { settings, _ in
            settings.printsDigests = true
        },
        Option(
            name: "--trace", placeholder: nil,
            help: "Prints a line for everything that a worker tells and that is done to it: for one seed at a time."
        ) { settings, _ in settings.traces = true },
        Option(name: "--help", placeholder: nil, help: "Prints this.") { settings, _ in settings.isHelp = true },
    ]

    private static func number(_ text: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw SupportError("'\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

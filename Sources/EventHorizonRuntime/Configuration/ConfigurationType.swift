public import EventHorizonWorkers

/// How a value is read from a flag or an environment variable, and what a person is told to write.
public struct ConfigurationType<Value: Sendable>: Sendable {
    /// Stands for the value in `--help`: `PATH`.
    public let placeholder: String
    /// Completes the sentence "expected ...".
    public let expectation: String
    /// Whether the flag alone, without a value, means `on`.
    let isSwitch: Bool
    let parse: @Sendable (String) -> Value?
    let format: @Sendable (Value) -> String
    /// The text as it may be shown to anybody.
    let redact: @Sendable (String) -> String

    /// - Parameters:
    ///   - placeholder: what stands for a value in `--help`, in capitals.
    ///   - expectation: completes the sentence "expected ...".
    ///   - parse: nil for a text that is not a value.
    ///   - format: how a default is shown.
    ///   - redact: takes out of a text, right or wrong, what must not be seen.
    public init(
        placeholder: String, expectation: String, parse: @escaping @Sendable (String) -> Value?, format: @escaping @Sendable (Value) -> String,
        redact: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.init(placeholder: placeholder, expectation: expectation, isSwitch: false, parse: parse, format: format, redact: redact)
    }

    init(
        placeholder: String, expectation: String, isSwitch: Bool, parse: @escaping @Sendable (String) -> Value?,
        format: @escaping @Sendable (Value) -> String, redact: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.placeholder = placeholder
        self.expectation = expectation
        self.isSwitch = isSwitch
        self.parse = parse
        self.format = format
        self.redact = redact
    }
}

extension ConfigurationType<String> {
    /// Any text that is not empty. `placeholder` says in `--help` what it is.
    public static func text(_ placeholder: String) -> Self {
        Self(placeholder: placeholder, expectation: "a text that is not empty", parse: { $0.isEmpty ? nil : $0 }, format: { $0 })
    }

    /// The path of a file or a folder; whether it is there is for the one who opens it to say.
    public static var path: Self {
        Self(placeholder: "PATH", expectation: "a path", parse: { $0.isEmpty ? nil : $0 }, format: { $0 })
    }
}

extension ConfigurationType<Int> {
    public static func number(in range: ClosedRange<Int>) -> Self {
        Self(
            placeholder: "NUMBER", expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }, format: { "\($0)" })
    }
}

extension ConfigurationType<Bool> {
    /// `on` or `off`; the flag alone means `on`.
    public static var onOff: Self {
        Self(
            placeholder: "on|off", expectation: "on or off", isSwitch: true,
            parse: { ["on": true, "true": true, "yes": true, "1": true, "off": false, "false": false, "no": false, "0": false][$0.lowercased()] },
            format: { $0 ? "on" : "off" })
    }
}

extension ConfigurationType<Duration> {
    /// A whole number with its unit: `500ms`, `5s`, `2m`, `1h`.
    public static func duration(in range: ClosedRange<Duration>) -> Self {
        Self(
            placeholder: "DURATION",
            expectation: "a duration from \(written(range.lowerBound)) to \(written(range.upperBound)), with its unit: 500ms, 5s, 2m, 1h",
            parse: { text in
                let digits = text.prefix { $0.isASCII && $0.isNumber }
                guard let number = Int64(digits), number < 1_000_000_000 else { return nil }
                let duration: Duration
                switch text.dropFirst(digits.count) {
                case "ms": duration = .milliseconds(number)
                case "s": duration = .seconds(number)
                case "m": duration = .seconds(number * 60)
                case "h": duration = .seconds(number * 3600)
                default: return nil
                }
                return range.contains(duration) ? duration : nil
            },
            format: written)
    }

    /// In the largest unit of which it is a whole number.
    @Sendable private static func written(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms" }
        if seconds >= 3600, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        if seconds >= 60, seconds % 60 == 0 { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}

extension ConfigurationType<LetterID> {
    /// A dead letter by its name.
    public static var letter: Self {
        Self(
            placeholder: "LETTER", expectation: "partition/position of a dead letter, such as 3/17", parse: { LetterID($0) },
            format: { $0.description })
    }
}

extension ConfigurationType where Value: RawRepresentable<String> & CaseIterable {
    /// One of the enum's raw values.
    public static var choice: Self {
        let names = Value.allCases.map(\.rawValue)
        let listed = names.count < 2 ? names.joined() : names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
        return Self(placeholder: names.joined(separator: "|"), expectation: listed, parse: { Value(rawValue: $0) }, format: { $0.rawValue })
    }
}

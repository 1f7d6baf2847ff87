/// One thing that can be configured: its flag, its environment variable, its type, its default, and the sentence that `--help` says of it.
///
///     extension ConfigurationKey<Int> {
///         static var seats: Self { Self("seats", .number(in: 1...10_000), default: 2, section: "The party", "How many guests are confirmed.") }
///     }
///
/// A program gives its own keys to `runWorker(_:keys:)` and reads them with `configuration.value(for: .seats)`.
public struct ConfigurationKey<Value: Sendable>: ConfigurationDeclaration {
    /// Words in lower case with hyphens: `nats-credentials` is the flag `--nats-credentials` and the variable `EVENTHORIZON_NATS_CREDENTIALS`.
    public let name: String
    public let type: ConfigurationType<Value>
    /// Nil for what has none: `value(for:)` then asks for it, `valueIfSet(for:)` answers nil.
    public let fallback: Value?
    public let section: String
    public let sentence: String
    /// Its value is never shown, right or wrong.
    public let isSecret: Bool

    public init(
        _ name: String, _ type: ConfigurationType<Value>, default fallback: Value? = nil, section: String = "This program", isSecret: Bool = false,
        _ sentence: String
    ) {
        self.name = name
        self.type = type
        self.fallback = fallback
        self.section = section
        self.sentence = sentence
        self.isSecret = isSecret
    }

    public var declaration: Declaration {
        Declaration(
            name: name, placeholder: type.placeholder, expectation: type.expectation, fallback: fallback.map(type.format), section: section,
            sentence: sentence, isSecret: isSecret, isSwitch: type.isSwitch, accepts: { [type] in type.parse($0) != nil }, redact: type.redact)
    }
}

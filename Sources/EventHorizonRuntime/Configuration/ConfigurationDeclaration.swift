/// A `ConfigurationKey` of any type.
public protocol ConfigurationDeclaration: Sendable {
    var declaration: Declaration { get }
}

/// What reading flags and writing `--help` need to know of a key, whatever its type.
public struct Declaration: Sendable {
    let name: String
    let placeholder: String
    let expectation: String
    let fallback: String?
    let section: String
    let sentence: String
    let isSecret: Bool
    let isSwitch: Bool
    let accepts: @Sendable (String) -> Bool
    let redact: @Sendable (String) -> String

    var flag: String { "--\(name)" }
    var environmentName: String { "EVENTHORIZON_" + name.uppercased().replacing("-", with: "_") }

    /// Says what is wrong with a value, if it is.
    func problem(with text: String, given: String) -> String? {
        guard !accepts(text) else { return nil }
        return isSecret ? "\(given) is not as expected: \(expectation)" : "\(given) is '\(redact(text))': expected \(expectation)"
    }
}

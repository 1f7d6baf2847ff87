/// One thing that a program with commands does.
public struct ClientCommand: Sendable {
    /// As they are written after the program's name, `letters list`.
    public let words: String
    /// For `--help` and completion.
    public let sentence: String
    /// The command's own keys, beside those that reach the broker.
    public let keys: [any ConfigurationDeclaration]
    let body: @Sendable (Configuration) async throws -> Void

    public init(
        _ words: String, _ sentence: String, keys: [any ConfigurationDeclaration] = [],
        _ body: @escaping @Sendable (Configuration) async throws -> Void
    ) {
        self.words = words
        self.sentence = sentence
        self.keys = keys
        self.body = body
    }

    /// In the order of `--help`.
    var allKeys: [any ConfigurationDeclaration] { keys + Configuration.ofTool() }
}

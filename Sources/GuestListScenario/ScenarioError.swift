/// Why the story did not end as told, in a sentence.
public struct ScenarioError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// What a person has to change before a worker can run, in sentences that say how. Thrown out of `run()`.
public struct Misconfiguration: Error, CustomStringConvertible, Equatable {
    public let problems: [String]
    public init(_ problems: [String]) { self.problems = problems }
    public init(_ problem: String) { self.init([problem]) }
    public var description: String { problems.joined(separator: "\n") }
}

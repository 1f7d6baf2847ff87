/// A message could not be taken out of its payload: told from what its handler throws.
public struct UnreadableMessage: Error, CustomStringConvertible {
    public let cause: any Error
    public init(_ cause: any Error) { self.cause = cause }
    public var description: String { "\(cause)" }
}

/// The durable name of an aggregate's type, `guestlist.v1.Invitation`.
public struct Category: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let description: String
    public init(_ name: String) { description = name }
    public init(stringLiteral name: String) { description = name }
}

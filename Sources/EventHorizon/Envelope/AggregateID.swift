/// The id of one aggregate of type `Source`: any text on the wire, of one aggregate's type in Swift.
public struct AggregateID<Source>: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let description: String
    public init(_ id: String) { description = id }
    public init(stringLiteral id: String) { description = id }
    /// The same id in another category.
    public init<Other>(_ other: AggregateID<Other>) { description = other.description }

    /// By the bytes of the text.
    public static func == (a: Self, b: Self) -> Bool { ExactText(a.description) == ExactText(b.description) }
    public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(description)) }
}

/// The identity of a stream: every commit of one aggregate.
public struct StreamID: Hashable, Sendable, CustomStringConvertible {
    public var category: Category
    public var aggregate: String
    public init(_ category: Category, _ aggregate: String) {
        self.category = category
        self.aggregate = aggregate
    }
    public var description: String { "\(category)/\(aggregate)" }

    /// By the bytes of both texts.
    public static func == (a: Self, b: Self) -> Bool { a.category == b.category && ExactText(a.aggregate) == ExactText(b.aggregate) }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(category)
        hasher.combine(ExactText(aggregate))
    }
}

/// The identity of a stream: every commit of one aggregate.
public struct StreamID: Hashable, Sendable, CustomStringConvertible {
    public var category: Category
    public var aggregate: String
    public init(_ category: Category, _ aggregate: String) {
        self.category = category
        self.aggregate = aggregate
    }
    public var description: String { "\(category)/\(aggregate)" }
}

public import EventHorizon

/// How far a read model says it is.
public struct StoredProgress: Sendable, Equatable {
    /// As its store calls it.
    public var projection: String
    /// What it reads: of other commits it need not say anything.
    public var categories: Set<Category>
    /// By partition of the events log.
    public var checkpoints: [Int: Position]
    public init(projection: String, categories: Set<Category>, checkpoints: [Int: Position]) {
        self.projection = projection
        self.categories = categories
        self.checkpoints = checkpoints
    }
}

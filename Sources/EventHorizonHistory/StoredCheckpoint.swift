public import EventHorizon

/// How far a read model says it is in one partition of the events log.
public struct StoredCheckpoint: Sendable, Equatable {
    /// As its store calls it.
    public var projection: String
    public var partition: Int
    public var position: Position
    public init(projection: String, partition: Int, position: Position) {
        self.projection = projection
        self.partition = partition
        self.position = position
    }
}

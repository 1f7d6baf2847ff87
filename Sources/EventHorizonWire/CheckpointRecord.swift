public import EventHorizon

/// How far a projection is in one partition of the events log.
public struct CheckpointRecord: Sendable, Equatable {
    /// The projector's name.
    public var projection: String
    /// The projector's version, from 1.
    public var version: Int
    public var partition: Int
    public var checkpoint: Checkpoint

    public init(projection: String, version: Int, partition: Int, checkpoint: Checkpoint) {
        self.projection = projection
        self.version = version
        self.partition = partition
        self.checkpoint = checkpoint
    }
}

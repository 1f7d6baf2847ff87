/// One step of a checkpoint. `from` is nil where none is stored yet.
public struct CheckpointMove: Sendable, Equatable {
    public var partition: Int
    public var from: Checkpoint?
    public var to: Checkpoint
    public init(partition: Int, from: Checkpoint?, to: Checkpoint) {
        self.partition = partition
        self.from = from
        self.to = to
    }
}

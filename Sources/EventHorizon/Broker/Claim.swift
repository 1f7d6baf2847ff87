public struct Claim: Sendable, Equatable {
    public var partition: Int
    /// The group's recorded progress: everything up to here is settled.
    public var progress: Position
    /// The end of the partition when it was claimed.
    public var end: Position
    /// Whether the last owner left without releasing.
    public var isUnclean: Bool
    public init(partition: Int, progress: Position, end: Position, isUnclean: Bool) {
        self.partition = partition
        self.progress = progress
        self.end = end
        self.isUnclean = isUnclean
    }
}

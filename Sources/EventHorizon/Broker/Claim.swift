public struct Claim: Sendable, Equatable {
    public var partition: Int
    /// The group's recorded progress: everything up to here is settled.
    public var progress: Position
    /// The end of the partition when it was claimed.
    public var end: Position
    /// Whether the last owner left without releasing.
    public var isUnclean: Bool
    /// What an owner before recorded that it tries (`Outcome.tries`), where none has outlived it or released the partition since.
    public var trying: Attempt?
    public init(partition: Int, progress: Position, end: Position, isUnclean: Bool, trying: Attempt? = nil) {
        self.partition = partition
        self.progress = progress
        self.end = end
        self.isUnclean = isUnclean
        self.trying = trying
    }
}

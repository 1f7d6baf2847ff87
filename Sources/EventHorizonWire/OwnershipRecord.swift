public import EventHorizon

/// Who owns a partition for a group, and how far the group is there. Written by the owner, by compare-and-set.
public struct OwnershipRecord: Sendable, Equatable {
    /// The member that owns the partition; empty: released.
    public var owner: String
    /// Grows with each claim.
    public var epoch: UInt64
    /// Everything up to here is settled.
    public var progress: Position
    /// Of the log that `progress` counts in.
    public var incarnation: UInt64
    /// After an unclean take-over, the message that is tried alone.
    public var trying: Position?
    /// How often that message was tried, this time included.
    public var attempts: Int
    /// Grows while the owner lives.
    public var beat: UInt64

    public init(
        owner: String, epoch: UInt64, progress: Position, incarnation: UInt64, trying: Position? = nil, attempts: Int = 0, beat: UInt64 = 0
    ) {
        self.owner = owner
        self.epoch = epoch
        self.progress = progress
        self.incarnation = incarnation
        self.trying = trying
        self.attempts = attempts
        self.beat = beat
    }
}

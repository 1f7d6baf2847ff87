/// Where a message lies. `incarnation` tells a log from another that was created anew under its name, whose positions start again.
public struct Place: Hashable, Sendable {
    public var log: Log
    public var incarnation: UInt64
    public var partition: Int
    public var position: Position
    /// Which message of the record, counted from 0: a commit holds several events. 0 also where the record is meant as a whole.
    public var index: Int
    public init(log: Log, incarnation: UInt64, partition: Int, position: Position, index: Int = 0) {
        self.log = log
        self.incarnation = incarnation
        self.partition = partition
        self.position = position
        self.index = index
    }

    /// Whether both lie in one partition of one log, so that one of them comes before the other.
    public func isBeside(_ other: Place) -> Bool { log == other.log && incarnation == other.incarnation && partition == other.partition }

    /// Whether this message was written before the other, which lies beside it, or is the same.
    public func isUpTo(_ other: Place) -> Bool { (position, index) <= (other.position, other.index) }
}

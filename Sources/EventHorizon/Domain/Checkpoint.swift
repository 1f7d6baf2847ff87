/// How far a projection is in one partition of the events log: every event up to `position` is in its rows.
public struct Checkpoint: Sendable, Equatable {
    public var incarnation: UInt64
    public var position: Position
    public init(incarnation: UInt64, position: Position) {
        self.incarnation = incarnation
        self.position = position
    }
}

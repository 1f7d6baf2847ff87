/// How far a projection is in one partition of the events log: every event up to `position` is in its rows, but for those of the held streams.
public struct Checkpoint: Sendable, Equatable {
    public var incarnation: UInt64
    public var position: Position
    /// Streams of which an event could not be projected: from there on nothing of them is in the rows.
    public var held: [StreamID: HeldStream]
    public init(incarnation: UInt64, position: Position, held: [StreamID: HeldStream] = [:]) {
        self.incarnation = incarnation
        self.position = position
        self.held = held
    }
}

/// What of a stream is passed over and not in the rows.
public struct HeldStream: Sendable, Equatable {
    /// From here on no commit of it is in the rows.
    public var first: Position
    /// Of the last commit that was passed over.
    public var last: Position
    /// Its attempts are spent: it is tried again only where its stream is released, or its partition claimed.
    public var isParked: Bool
    public init(first: Position, last: Position, isParked: Bool = false) {
        self.first = first
        self.last = last
        self.isParked = isParked
    }
}

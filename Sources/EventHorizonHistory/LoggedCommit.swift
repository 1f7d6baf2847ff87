public import EventHorizon

/// A record of the events log.
public struct LoggedCommit: Sendable, Equatable {
    public var partition: Int
    public var position: Position
    public var commit: Commit
    public init(partition: Int, position: Position, commit: Commit) {
        self.partition = partition
        self.position = position
        self.commit = commit
    }
}

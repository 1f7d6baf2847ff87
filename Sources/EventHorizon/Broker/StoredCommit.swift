public struct StoredCommit: Sendable, Equatable {
    public var commit: Commit
    public var position: Position
    public init(commit: Commit, position: Position) {
        self.commit = commit
        self.position = position
    }
}

/// A command of an earlier commit, carried on so that a repeat gets the same answer though only the last commit is read.
public struct RecentCommand: Sendable, Equatable {
    public var id: MessageID
    public var outcome: CommandOutcome
    /// The commit that decided it, counted within its stream.
    public var commit: Int
    public init(id: MessageID, outcome: CommandOutcome, commit: Int) {
        self.id = id
        self.outcome = outcome
        self.commit = commit
    }
}

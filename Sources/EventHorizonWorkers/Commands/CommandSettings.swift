/// How a command handler or a saga works.
public struct CommandSettings: Sendable, Equatable {
    public var retry = RetryPolicy()
    /// How many commands of one aggregate share a commit at most: those that gather while the last commit is on its way. 1: none.
    public var sharedCommands = 64
    /// How many command ids, each with its answer, a commit carries on, so that a repeat gets the first answer. About 40 bytes each.
    public var recentCommands = 8
    /// How many aggregates stay in memory between their commands.
    public var cachedStreams = 10_000
    public init() {}
}

/// How a command handler or a saga works.
public struct CommandSettings: Sendable, Equatable {
    public var failures = FailurePolicy()
    /// How many commands of one aggregate share a commit at most: those that gather while the last commit is on its way. 1: none.
    public var sharedCommands = 64
    /// How many of a stream's last commands are remembered with their answers while the stream is in memory, so that a repeat gets the first answer:
    /// about 40 bytes each, more with a rejection. Those before are remembered by a fingerprint, about 8 bytes each, and looked up in the stream.
    /// A saga's commit carries the last 8 of them on, because nothing else of its stream is read; but no rejection over 1 KiB.
    public var recentCommands = 64
    /// How many aggregates stay in memory between their commands.
    public var cachedStreams = 10_000
    public init() {}

    /// What is wrong with the values, in sentences.
    var problems: [String] {
        var problems: [String] = []
        if sharedCommands < 1 { problems.append("sharedCommands is \(sharedCommands): a commit decides at least 1 command") }
        if !(0...512).contains(recentCommands) { problems.append("recentCommands is \(recentCommands): 0 to 512 can be remembered") }
        if cachedStreams < 1 { problems.append("cachedStreams is \(cachedStreams): at least 1 aggregate stays in memory") }
        return problems
    }
}

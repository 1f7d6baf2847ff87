/// How a command handler or a saga works.
public struct CommandSettings: Sendable, Equatable {
    public var retry = RetryPolicy()
    /// How many commands of one aggregate share a commit at most: those that gather while the last commit is on its way. 1: none.
    public var sharedCommands = 64
    /// How many command ids, each with its answer, a saga's commit carries on, so that a repeat gets the first answer though only the last commit
    /// was read. About 40 bytes each, more with a rejection, which is left out where it is larger than 1 KiB. While a stream is in memory a worker
    /// remembers as many, at least 64; those before by a fingerprint, about 8 bytes each, and looks them up in the stream for their answers.
    public var recentCommands = 8
    /// How many aggregates stay in memory between their commands.
    public var cachedStreams = 10_000
    public init() {}

    /// What is wrong with the values, in sentences.
    var problems: [String] {
        var problems: [String] = []
        if sharedCommands < 1 { problems.append("sharedCommands is \(sharedCommands): a commit decides at least 1 command") }
        if !(0...512).contains(recentCommands) { problems.append("recentCommands is \(recentCommands): 0 to 512 can be carried on") }
        if cachedStreams < 1 { problems.append("cachedStreams is \(cachedStreams): at least 1 aggregate stays in memory") }
        return problems
    }
}

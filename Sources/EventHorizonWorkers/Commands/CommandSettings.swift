/// How a command handler or a saga works.
public struct CommandSettings: Sendable, Equatable {
    public var failures = FailurePolicy()
    /// How often a message is tried that its worker dies of, before it is given up unhandled. A trap (`fatalError`, an index out of range) cannot be caught,
    /// and ends all that its process had in hand: the message costs three lives more than this, since the first three deaths without progress do not show
    /// which message it was. Fewer give up sooner what was in hand by chance when something else ended its process as often.
    public var trapAttempts = 3
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
        if trapAttempts < 1 { problems.append("trapAttempts is \(trapAttempts): a message is tried at least once") }
        if cachedStreams < 1 { problems.append("cachedStreams is \(cachedStreams): at least 1 aggregate stays in memory") }
        return problems
    }
}

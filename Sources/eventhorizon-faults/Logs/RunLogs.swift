import EventHorizon

/// The logs of a run, read by a path of the tool's own: nothing of the broker under test reads what judges it. Everything blocks.
protocol RunLogs: Sendable {
    /// Whether a record may be there that nobody sees yet, and hide what follows.
    var haveTransactions: Bool { get }

    /// How far each part of a log goes in which positions grow: its partitions, or all of it under 0.
    func ends(of log: Log) throws -> [Int: Position]

    /// Delivers what lies behind these positions, and what comes, until `body` returns false.
    /// - Throws: When the server goes, or a record was passed over. What was delivered is not delivered again to who goes on behind it.
    func follow(_ log: Log, after positions: [Int: Position], _ body: (LogStep) -> Bool) throws

    /// All that the log holds when this is called.
    func contents(of log: Log) throws -> LogContents

    /// Throws as long as the server, which has just come back, is not yet at work again.
    func checkService() throws

    /// Publishes a command's record once more, as a stranger might.
    /// - Returns: Whether the server knew it, and did not store it again.
    func publishAgain(_ record: LogRecord) throws -> Bool
}

enum LogStep {
    case record(LogRecord)
    /// All up to there was delivered; the key is that of `RunLogs.ends`.
    case reached(Int, Position)
    /// Nothing has come for a while.
    case idle
}

struct LogContents: Sendable {
    /// In order of position; partition by partition, where each has positions of its own.
    var records: [LogRecord] = []
    /// False where the beginning was removed.
    var isWhole = true
    /// By partition, where each has positions of its own; else empty.
    var ends: [Int: Position] = [:]
    /// What transactions left that were aborted.
    var aborted: [LogRecord] = []
}

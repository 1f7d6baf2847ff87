public import EventHorizon

/// What clients sent and were told, what the logs hold afterwards, and how far the read models say they are: all that is needed to tell whether the
/// promises were kept. Knows nothing of workers and brokers; whoever fills it reads the logs by a path of its own.
///
///     let history = History(partitionCount: 8, sent: sent, events: events, commands: commands, readModels: readModels)
///     for violation in history.violations() { print(violation, history.describe(violation.stream)) }
///
/// It is meant for a system at rest: what is still under way looks like something lost.
public struct History: Sendable {
    public var partitionCount: Int
    /// In the order of sending, of each client.
    public var sent: [SentCommand]
    /// The whole events log, in order of position; of each partition by itself, where each counts positions of its own.
    public var events: [LoggedCommit]
    /// The commands log, in the same order.
    public var commands: [LoggedCommand]
    /// False where the commands log has been trimmed: what is not in it is then no violation.
    public var commandsAreWhole: Bool
    public var readModels: [StoredProgress]
    /// Of the events log: a read model may have passed over records that are none of its own.
    public var endOfEvents: Position
    /// By partition of the events log, where each counts positions of its own: they decide then, instead of `endOfEvents`.
    public var endsOfEvents: [Int: Position] = [:]
    /// What was written to the events log and never committed, where the broker has transactions. Nobody may have seen it.
    public var abortedEvents: [LoggedCommit] = []
    /// As `abortedEvents`, of the commands log.
    public var abortedCommands: [LoggedCommand] = []
    /// What somebody read of the events log while it was written.
    public var seen: [LoggedCommit]
    /// Records that could not be read, each in a sentence.
    public var unreadable: [String]

    /// - Parameter endOfEvents: nil: the last commit's position.
    public init(
        partitionCount: Int, sent: [SentCommand], events: [LoggedCommit], commands: [LoggedCommand] = [], commandsAreWhole: Bool = true,
        readModels: [StoredProgress] = [], endOfEvents: Position? = nil, seen: [LoggedCommit] = [], unreadable: [String] = []
    ) {
        self.partitionCount = partitionCount
        self.sent = sent
        self.events = events
        self.commands = commands
        self.commandsAreWhole = commandsAreWhole
        self.readModels = readModels
        self.endOfEvents = endOfEvents ?? events.last?.position ?? .start
        self.seen = seen
        self.unreadable = unreadable
    }

    /// Every promise that this history breaks, in the order of the checks.
    public func violations() -> [Violation] {
        let ledger = Ledger(self)
        return recordViolations() + outcomeViolations(ledger) + streamViolations(ledger) + parkingViolations(ledger) + effectViolations(ledger)
            + answerViolations(ledger) + orderViolations(ledger) + sagaStepViolations(ledger) + lineageViolations(ledger)
            + checkpointViolations() + durabilityViolations() + abortedViolations(ledger)
    }
}

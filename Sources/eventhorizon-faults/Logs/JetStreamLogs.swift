import EventHorizon

/// The streams of an application.
struct JetStreamLogs: RunLogs {
    let application: String
    /// Of the servers.
    let ports: [Int]
    var haveTransactions: Bool { false }

    private func reader(_ log: Log) -> LogReader { LogReader(ports: ports, stream: Self.stream(log, of: application)) }

    static func stream(_ log: Log, of application: String) -> String {
        switch log {
        case .commands: "\(application)_COMMANDS"
        case .events: "\(application)_EVENTS"
        case .deadLetters: "\(application)_DEADLETTERS"
        }
    }

    func ends(of log: Log) throws -> [Int: Position] { [0: Position(try reader(log).state().last)] }

    func follow(_ log: Log, after positions: [Int: Position], _ body: (LogStep) -> Bool) throws {
        // Its heartbeats come every second, so that what is silent for longer is gone.
        try reader(log).read(after: positions[0] ?? .start, limit: .seconds(3)) { record in
            body(.record(record)) && body(.reached(0, record.position))
        }
    }

    func contents(of log: Log) throws -> LogContents {
        let reader = reader(log)
        return LogContents(records: try reader.records(), isWhole: try reader.state().first <= 1)
    }

    /// A server that takes connections is at work.
    func checkService() throws {}

    func publishAgain(_ record: LogRecord) throws -> Bool { try LogWriter(ports: ports).publish(record).isDuplicate }
}

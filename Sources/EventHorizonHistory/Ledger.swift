internal import EventHorizon

/// A history by stream and by id, so that no check searches.
struct Ledger {
    struct Decision {
        var stream: StreamID
        var command: DecidedCommand
        var commit: Commit
        var position: Position
        /// Among all decisions of its stream.
        var place: Int
    }

    /// In the order in which the log first names them.
    private(set) var streams: [StreamID] = []
    private(set) var commits: [StreamID: [LoggedCommit]] = [:]
    private(set) var decisions: [MessageID: [Decision]] = [:]
    private(set) var sent: [MessageID: SentCommand] = [:]
    /// The first record of each id.
    private(set) var commands: [MessageID: Envelope] = [:]

    init(_ history: History) {
        var places: [StreamID: Int] = [:]
        for logged in history.events {
            let stream = logged.commit.stream
            if commits[stream] == nil { streams.append(stream) }
            commits[stream, default: []].append(logged)
            for decided in logged.commit.decided {
                let place = places[stream, default: 0]
                places[stream] = place + 1
                decisions[decided.id, default: []].append(
                    Decision(stream: stream, command: decided, commit: logged.commit, position: logged.position, place: place))
            }
        }
        for command in history.sent { sent[command.id] = command }
        for logged in history.commands where commands[logged.envelope.id] == nil { commands[logged.envelope.id] = logged.envelope }
    }
}

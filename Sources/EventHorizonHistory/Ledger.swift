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
    /// What was parked, for as long as it was. A command that still is has no other decision.
    private(set) var parked: [MessageID: [Decision]] = [:]
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
                let decision = Decision(stream: stream, command: decided, commit: logged.commit, position: logged.position, place: place)
                if decided.outcome.isParked {
                    parked[decided.id, default: []].append(decision)
                } else {
                    decisions[decided.id, default: []].append(decision)
                }
            }
        }
        for (id, waiting) in parked where decisions[id] == nil { decisions[id] = waiting }
        for command in history.sent { sent[command.id] = command }
        for logged in history.commands where commands[logged.envelope.id] == nil { commands[logged.envelope.id] = logged.envelope }
    }
}

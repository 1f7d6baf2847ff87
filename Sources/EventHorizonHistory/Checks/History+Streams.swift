internal import EventHorizon

extension History {
    func streamViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        for stream in ledger.streams {
            let partition = Partitioner.partition(of: stream.aggregate, count: partitionCount)
            var number = 0
            var version = 0
            var position = Position.start
            var inputs: [Input: Position] = [:]
            for logged in ledger.commits[stream] ?? [] {
                let commit = logged.commit
                if logged.partition != partition {
                    found.append(
                        Violation(.streams, stream, "commit \(commit.number) lies in partition \(logged.partition), its id gives \(partition)"))
                }
                if commit.number != number + 1 { found.append(Violation(.streams, stream, "commit \(commit.number) follows commit \(number)")) }
                if commit.firstVersion != version + 1 {
                    found.append(
                        Violation(
                            .streams, stream, "commit \(commit.number) begins at version \(commit.firstVersion), the one before ended at \(version)"))
                }
                if logged.position <= position {
                    found.append(Violation(.streams, stream, "commit \(commit.number) lies at \(logged.position), the one before at \(position)"))
                }
                for event in commit.events where event.stream != stream || event.kind != .event {
                    found.append(
                        Violation(.streams, stream, "commit \(commit.number) holds \(event.payload.name) \(event.id), which is of '\(event.stream)'"))
                }
                // What was parked is decided later than what was read after it.
                for decided in commit.decided where decided.outcome.isParked || ledger.parked[decided.id] == nil {
                    let input = Input(log: decided.place.log, incarnation: decided.place.incarnation)
                    if let last = inputs[input], decided.place.position <= last {
                        found.append(
                            Violation(
                                .streams, stream,
                                "commit \(commit.number) decides \(decided.id), read at \(decided.place.position), after what was read at \(last)"))
                    }
                    inputs[input] = max(inputs[input] ?? .start, decided.place.position)
                }
                number = commit.number
                version = commit.version
                position = logged.position
            }
        }
        return found
    }

    private struct Input: Hashable {
        var log: Log
        var incarnation: UInt64
    }
}

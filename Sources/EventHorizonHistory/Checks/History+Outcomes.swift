internal import EventHorizon

extension History {
    func recordViolations() -> [Violation] { unreadable.map { Violation(.records, nil, $0) } }

    func outcomeViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        for command in sent {
            let decisions = ledger.decisions[command.id] ?? []
            switch command.fate {
            case .acknowledged where decisions.isEmpty:
                let inLog = ledger.commands[command.id] != nil
                let place =
                    inLog ? "it lies in the commands log" : commandsAreWhole ? "it is not in the commands log" : "it is in the commands log no more"
                found.append(
                    Violation(.outcomes, command.stream, "\(command.name) \(command.id) was acknowledged and has no outcome; \(place)"))
            case .refused(let reason) where !decisions.isEmpty:
                found.append(
                    Violation(.outcomes, command.stream, "\(command.name) \(command.id) was refused (\(reason)) and has an outcome all the same"))
            default: break
            }
            for decision in decisions where decision.stream != command.stream {
                found.append(Violation(.outcomes, command.stream, "\(command.name) \(command.id) was decided by '\(decision.stream)'"))
            }
        }
        for stream in ledger.streams {
            for logged in ledger.commits[stream] ?? [] {
                for decided in logged.commit.decided {
                    // Said once, at the first of them.
                    guard let all = ledger.decisions[decided.id], all.count > 1, all[0].position == logged.position, all[0].commit == logged.commit
                    else { continue }
                    let commits = all.map { "\($0.commit.number) of '\($0.stream)' (\($0.command.outcome))" }.joined(separator: ", ")
                    found.append(Violation(.outcomes, stream, "command \(decided.id) has \(all.count) outcomes: in commits \(commits)"))
                }
            }
        }
        return found
    }
}

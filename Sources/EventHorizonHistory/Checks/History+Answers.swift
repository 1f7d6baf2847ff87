internal import EventHorizon

extension History {
    func answerViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        for command in sent {
            for told in command.told {
                // Without any outcome, or with two, the command is a violation of another check already.
                guard let decision = ledger.decisions[command.id]?.first else {
                    if command.fate != .acknowledged {
                        found.append(
                            Violation(
                                .answers, command.stream, "\(command.name) \(command.id) was answered \(told.outcome), and the log has no outcome"))
                    }
                    continue
                }
                // What is parked is told so until it is released.
                if told.outcome.isParked, let parked = ledger.parked[command.id]?.first {
                    if told.outcome != parked.command.outcome {
                        found.append(
                            Violation(
                                .answers, command.stream,
                                "\(command.name) \(command.id) was answered \(told.outcome), the log says \(parked.command.outcome)"))
                    }
                    continue
                }
                if told.outcome != decision.command.outcome {
                    found.append(
                        Violation(
                            .answers, command.stream,
                            "\(command.name) \(command.id) was answered \(told.outcome), the log says \(decision.command.outcome)"))
                }
                // A repeat is answered with the place of a later commit, which covers the first.
                if let place = told.place, place.log != .events || place.position < decision.position {
                    found.append(
                        Violation(
                            .answers, command.stream,
                            "\(command.name) \(command.id) was answered with place \(place.position), its commit lies at \(decision.position)"))
                }
            }
        }
        return found
    }
}

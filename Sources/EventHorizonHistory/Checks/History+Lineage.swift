internal import EventHorizon

extension History {
    func lineageViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        // Each message with what caused it.
        var messages: [MessageID: Envelope] = ledger.commands
        for logged in events {
            for event in logged.commit.events { messages[event.id] = event }
            for effect in logged.commit.step?.effects ?? [] where messages[effect.id] == nil { messages[effect.id] = effect }
        }

        for logged in events {
            for decided in logged.commit.decided {
                if let command = messages[decided.id], command.correlation != decided.correlation {
                    found.append(
                        Violation(
                            .lineage, logged.commit.stream,
                            "command \(decided.id) has the correlation \(command.correlation), its outcome \(decided.correlation)"))
                }
            }
            for event in logged.commit.events {
                guard let cause = event.causation, let decided = logged.commit.decided.first(where: { $0.id == cause }) else {
                    found.append(
                        Violation(
                            .lineage, logged.commit.stream,
                            "\(event.payload.name) \(event.id) follows from \(event.causation.map { "\($0)" } ?? "nothing"), "
                                + "which is no command of its commit"
                        ))
                    continue
                }
                if event.correlation != decided.correlation {
                    found.append(
                        Violation(
                            .lineage, logged.commit.stream,
                            "\(event.payload.name) \(event.id) has the correlation \(event.correlation), its command \(decided.correlation)"))
                }
            }
        }
        // Every message once, from the logs in their order.
        var sound: Set<MessageID> = []
        for command in commands { check(command.envelope, messages, ledger, &sound, &found) }
        for logged in events { for event in logged.commit.events { check(event, messages, ledger, &sound, &found) } }
        return found
    }

    /// Walks from a message to its root, or to what is known to have one.
    private func check(
        _ message: Envelope, _ messages: [MessageID: Envelope], _ ledger: Ledger, _ sound: inout Set<MessageID>, _ found: inout [Violation]
    ) {
        var path: Set<MessageID> = []
        var current = message
        while !sound.contains(current.id) {
            guard path.insert(current.id).inserted else {
                return found.append(Violation(.lineage, message.stream, "\(message.payload.name) \(message.id) follows from itself"))
            }
            guard let cause = current.causation else {
                if ledger.sent[current.id] == nil {
                    return found.append(
                        Violation(
                            .lineage, message.stream,
                            "\(message.payload.name) \(message.id) begins with \(current.payload.name) \(current.id), which no client sent"))
                }
                if current.correlation != current.id {
                    return found.append(
                        Violation(
                            .lineage, message.stream, "the client's command \(current.id) has the correlation \(current.correlation), not its own id")
                    )
                }
                break
            }
            if let next = messages[cause] {
                if next.correlation != current.correlation {
                    return found.append(
                        Violation(
                            .lineage, message.stream,
                            "\(current.payload.name) \(current.id) has the correlation \(current.correlation), what caused it \(next.correlation)"))
                }
                current = next
                continue
            }
            // A command that is gone from its log, or never was in it.
            if !commandsAreWhole, ledger.decisions[cause] != nil { break }
            return found.append(
                Violation(.lineage, message.stream, "\(current.payload.name) \(current.id) follows from \(cause), which is in no log"))
        }
        sound.formUnion(path)
    }
}

internal import EventHorizon

extension History {
    /// What was aborted left no trace: nobody decided it, nothing follows from it, and nobody was sent to its place.
    ///
    /// What an aborted transaction held is often stored again, under the same ids, by the next one: that is there then, and counts as such.
    func abortedViolations(_ ledger: Ledger) -> [Violation] {
        if abortedEvents.isEmpty && abortedCommands.isEmpty { return [] }
        var found: [Violation] = []
        let placesOfCommands = Set(abortedCommands.map(RecordPlace.init))
        let placesOfEvents = Set(abortedEvents.map(RecordPlace.init))
        for logged in events {
            for decided in logged.commit.decided where decided.place.log == .commands && placesOfCommands.contains(RecordPlace(decided.place)) {
                found.append(
                    Violation(
                        .aborted, logged.commit.stream,
                        "commit \(logged.commit.number) decides \(decided.id), read at \(decided.place.position) of partition "
                            + "\(decided.place.partition), where a transaction was aborted"))
            }
        }
        for command in sent {
            for told in command.told {
                guard let place = told.place, placesOfEvents.contains(RecordPlace(place)) else { continue }
                found.append(
                    Violation(
                        .aborted, command.stream,
                        "\(command.name) \(command.id) was answered with place \(place.position), where a transaction was aborted"))
            }
        }

        // Ids that were never committed.
        var known = Set(events.flatMap { $0.commit.events.map(\.id) })
        known.formUnion(ledger.commands.keys)
        let gone = Set(abortedEvents.flatMap { $0.commit.events.map(\.id) }).subtracting(known)
        for logged in commands {
            guard let cause = logged.envelope.causation, gone.contains(cause) else { continue }
            found.append(
                Violation(
                    .aborted, logged.envelope.stream,
                    "\(logged.envelope.payload.name) \(logged.envelope.id) in the commands log follows from \(cause), an event that was aborted"))
        }
        // A trimmed log holds no more what was once committed to it.
        guard commandsAreWhole else { return found }
        for id in Set(abortedCommands.map(\.envelope.id)).subtracting(known).sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            for decision in ledger.decisions[id] ?? [] {
                found.append(
                    Violation(.aborted, decision.stream, "commit \(decision.commit.number) decides \(id), which was aborted and is in no log"))
            }
        }
        return found
    }
}

internal import EventHorizon

extension History {
    /// Of an effect's id: a UUID of version 5 of `<saga's stream>/<commit number>/<place among the commit's effects>`.
    static let effectNamespace = MessageID(high: 0x6A5D_0E2B_91C4_4F7E, low: 0x8B3D_52C7_1E90_A4F6)

    func sagaStepViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        for stream in ledger.streams {
            var known: Set<MessageID> = []
            var undo: Set<MessageID> = []
            for logged in ledger.commits[stream] ?? [] {
                guard let step = logged.commit.step else { continue }
                for (index, effect) in step.effects.enumerated() {
                    let what = "effect \(index) of commit \(logged.commit.number), \(effect.payload.name) \(effect.id) to '\(effect.stream)',"
                    let derived = MessageID(named: "\(stream)/\(logged.commit.number)/\(index)".utf8, in: Self.effectNamespace)
                    if effect.id != derived, !undo.contains(effect.id) {
                        found.append(Violation(.sagaSteps, stream, "\(what) has an id that does not follow from its place"))
                    }
                    if !known.insert(effect.id).inserted { found.append(Violation(.sagaSteps, stream, "\(what) bears another effect's id")) }
                    let decisions = (ledger.decisions[effect.id] ?? []).filter { $0.stream == effect.stream }
                    if decisions.count != 1 {
                        let inLog = ledger.commands[effect.id] != nil
                        let place =
                            decisions.isEmpty && commandsAreWhole ? inLog ? " and lies in the commands log" : " and is not in the commands log" : ""
                        found.append(Violation(.sagaSteps, stream, "\(what) was decided \(decisions.count) times\(place)"))
                    }
                    if let decision = decisions.first, decision.command.sender != stream {
                        found.append(
                            Violation(.sagaSteps, stream, "\(what) was decided as sent by \(decision.command.sender.map { "'\($0)'" } ?? "a client")")
                        )
                    }
                }
                for command in step.undo { undo.insert(command.id) }
            }
        }
        return found
    }
}

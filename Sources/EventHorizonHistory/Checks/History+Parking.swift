internal import EventHorizon

extension History {
    func parkingViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        for stream in ledger.streams {
            var waiting: [MessageID] = []
            var known: Set<MessageID> = []
            for logged in ledger.commits[stream] ?? [] {
                let commit = logged.commit
                func violation(_ text: String) { found.append(Violation(.parking, stream, "commit \(commit.number) \(text)")) }
                for decided in commit.decided {
                    if case .parked(let letter, _) = decided.outcome {
                        if !known.insert(decided.id).inserted { violation("parks \(decided.id), which was parked before") }
                        if letter == .start { violation("parks \(decided.id) and names no letter") }
                        waiting.append(decided.id)
                    } else if let place = waiting.firstIndex(of: decided.id) {
                        let isDropped = if case .deadLettered = decided.outcome { true } else { false }
                        if place > 0, !isDropped { violation("decides the parked \(decided.id) before \(waiting[0]), which was parked before it") }
                        waiting.remove(at: place)
                    } else if let first = waiting.first, !passes(decided, ledger) {
                        violation("decides \(decided.id) (\(decided.outcome)) while \(first) is parked")
                    }
                }
                if commit.parked != waiting.count { violation("says that \(commit.parked) commands are parked, and \(waiting.count) are") }
            }
        }
        return found
    }

    /// Whether a command is told to the parked stream itself: that some is dropped, or that a release met what still fails.
    private func passes(_ decided: DecidedCommand, _ ledger: Ledger) -> Bool {
        if case .rejected(let reason) = decided.outcome { return reason.name == "eventhorizon.v1.StillParked" }
        return ledger.commands[decided.id]?.payload.name == "eventhorizon.v1.Drop"
    }
}

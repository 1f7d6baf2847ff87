internal import EventHorizon

/// What one stream's commits say of the commands at some places.
struct LetterFates {
    private struct Fate {
        let command: MessageID
        /// Letters that commits name.
        var letters: Set<Position> = []
        /// For now, or for good.
        var outcome: CommandOutcome
    }

    /// Of which commands to know.
    var places: Set<Place> = []
    private var fates: [Place: Fate] = [:]

    /// In order of number.
    mutating func take(_ commit: Commit) {
        for decided in commit.decided where places.contains(decided.place) {
            fates[decided.place, default: Fate(command: decided.id, outcome: decided.outcome)].outcome = decided.outcome
            if case .parked(let letter, _) = decided.outcome { fates[decided.place]?.letters.insert(letter) }
        }
    }

    func command(at place: Place) -> MessageID? { fates[place]?.command }

    func state(of place: Place, letter: Position) -> LetterState {
        guard let fate = fates[place] else { return .uncounted }
        if fate.letters.isEmpty {
            if case .deadLettered = fate.outcome { return .givenUp }
            return .uncounted
        }
        guard fate.letters.contains(letter) else { return .uncounted }
        switch fate.outcome {
        case .parked: return .parked
        case .deadLettered(let reason): return reason == Draining.dropReason ? .dropped : .givenUp
        case .accepted, .rejected, .released: return .decided
        }
    }
}

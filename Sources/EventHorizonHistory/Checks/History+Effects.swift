internal import EventHorizon

extension History {
    func effectViolations(_ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        var places: [MessageID: String] = [:]
        for logged in events {
            let commit = logged.commit
            var next = commit.firstVersion
            for decided in commit.decided {
                guard case .accepted(let versions) = decided.outcome else { continue }
                if versions.lowerBound != next {
                    found.append(
                        Violation(
                            .effects, commit.stream,
                            "in commit \(commit.number) command \(decided.id) has the versions \(versions), \(next) was to be the first"))
                }
                for version in versions where version >= commit.firstVersion && version <= commit.version {
                    let event = commit.events[version - commit.firstVersion]
                    if event.causation != decided.id {
                        found.append(
                            Violation(
                                .effects, commit.stream,
                                "version \(version) is said to be command \(decided.id)'s, and says that "
                                    + "\(event.causation.map { "\($0)" } ?? "nothing") caused it"
                            ))
                    }
                }
                next = max(next, versions.upperBound)
            }
            if next != commit.version + 1 {
                found.append(
                    Violation(
                        .effects, commit.stream,
                        "commit \(commit.number) holds events up to version \(commit.version), its commands account for those before \(next)"))
            }
            for (index, event) in commit.events.enumerated() {
                let place = "version \(commit.firstVersion + index) of '\(commit.stream)'"
                if let first = places.updateValue(place, forKey: event.id) {
                    found.append(Violation(.effects, commit.stream, "event \(event.id) is there twice: \(first) and \(place)"))
                }
            }
        }
        return found
    }
}

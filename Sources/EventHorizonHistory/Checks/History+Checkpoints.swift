internal import EventHorizon

extension History {
    /// Only of `checkpoints`: what has not been read by now may be read soon.
    package func checkpointViolations() -> [Violation] {
        var found: [Violation] = []
        for model in readModels {
            for (partition, position) in model.checkpoints.sorted(by: { $0.key < $1.key }) where position > endOfEvents {
                found.append(
                    Violation(
                        .checkpoints, nil,
                        "read model '\(model.projection)' is at \(position) of partition \(partition), the log ends at \(endOfEvents)"))
            }
            var last: [Int: Position] = [:]
            for logged in events where model.categories.contains(logged.commit.stream.category) { last[logged.partition] = logged.position }
            for (partition, end) in last.sorted(by: { $0.key < $1.key }) {
                let position = model.checkpoints[partition] ?? .start
                guard position < end else { continue }
                found.append(
                    Violation(
                        .checkpoints, nil,
                        "read model '\(model.projection)' is at \(position) of partition \(partition), whose last commit that it reads lies at \(end)"
                    ))
            }
        }
        return found
    }

    func durabilityViolations() -> [Violation] {
        var found: [Violation] = []
        var there: [Position: LoggedCommit] = [:]
        for logged in events { there[logged.position] = logged }
        for logged in seen where there[logged.position] != logged {
            let now = there[logged.position].map { "holds commit \($0.commit.number) of '\($0.commit.stream)'" } ?? "holds nothing"
            found.append(
                Violation(
                    .durability, logged.commit.stream, "commit \(logged.commit.number) was read at \(logged.position), which now \(now)"))
        }
        return found
    }
}

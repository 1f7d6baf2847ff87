internal import EventHorizon

extension History {
    func checkpointViolations() -> [Violation] {
        var found: [Violation] = []
        var last: [Int: Position] = [:]
        for logged in events { last[logged.partition] = logged.position }
        for checkpoint in checkpoints where checkpoint.position > endOfEvents {
            found.append(
                Violation(
                    .checkpoints, nil,
                    "read model '\(checkpoint.projection)' is at \(checkpoint.position) of partition \(checkpoint.partition), the log ends at \(endOfEvents)"))
        }
        let byProjection = Dictionary(grouping: checkpoints, by: \.projection)
        for (projection, checkpoints) in byProjection.sorted(by: { $0.key < $1.key }) {
            for (partition, end) in last.sorted(by: { $0.key < $1.key }) {
                let position = checkpoints.first { $0.partition == partition }?.position ?? .start
                if position < end {
                    found.append(
                        Violation(.checkpoints, nil, "read model '\(projection)' is at \(position) of partition \(partition), whose last commit lies at \(end)"))
                }
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

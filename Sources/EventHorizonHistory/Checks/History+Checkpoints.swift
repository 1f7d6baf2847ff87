package import EventHorizon

extension History {
    /// Only of `checkpoints`: what has not been read by now may be read soon.
    package func checkpointViolations() -> [Violation] {
        var found: [Violation] = []
        for model in readModels {
            for (partition, position) in model.checkpoints.sorted(by: { $0.key < $1.key }) {
                let end = endsOfEvents.isEmpty ? endOfEvents : endsOfEvents[partition] ?? .start
                guard position > end else { continue }
                found.append(
                    Violation(
                        .checkpoints, nil,
                        "read model '\(model.projection)' is at \(position) of partition \(partition), the log ends at \(end)"))
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
        var there: [RecordPlace: LoggedCommit] = [:]
        for logged in events { there[RecordPlace(logged)] = logged }
        for logged in seen where there[RecordPlace(logged)] != logged {
            let now = there[RecordPlace(logged)].map { "holds commit \($0.commit.number) of '\($0.commit.stream)'" } ?? "holds nothing"
            found.append(
                Violation(
                    .durability, logged.commit.stream, "commit \(logged.commit.number) was read at \(logged.position), which now \(now)"))
        }
        return found
    }
}

/// Where a record lies in its log, whether positions are counted by log or by partition.
package struct RecordPlace: Hashable {
    var partition: Int
    var position: Position
    package init(partition: Int, position: Position) { (self.partition, self.position) = (partition, position) }
    init(_ logged: LoggedCommit) { (partition, position) = (logged.partition, logged.position) }
    init(_ logged: LoggedCommand) { (partition, position) = (logged.partition, logged.position) }
    init(_ place: Place) { (partition, position) = (place.partition, place.position) }
}

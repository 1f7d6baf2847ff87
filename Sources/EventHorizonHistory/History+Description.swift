public import EventHorizon

extension History {
    /// One stream's history for a person: what was sent to it in order of sending, then its commits in order of the log.
    public func describe(_ stream: StreamID) -> String {
        var lines = ["history of '\(stream)'"]
        for command in sent where command.stream == stream {
            let acknowledged = command.acknowledgedAt.map { ", acknowledged at \(Self.seconds($0))" } ?? ", \(command.fate)"
            let told = command.told.map { ", told \(Self.text($0.outcome))\($0.place.map { " at \($0.position)" } ?? "")" }.joined()
            lines.append("  sent at \(Self.seconds(command.sentAt)) by \(command.client): \(command.name) \(command.id)\(acknowledged)\(told)")
        }
        for logged in commands where logged.envelope.stream == stream {
            let command = logged.envelope
            let from = command.sender.map { " from '\($0)'" } ?? command.origin.map { " routed from version \($0.version) of '\($0.stream)'" } ?? ""
            lines.append("  commands log, \(logged.position): \(command.payload.name) \(command.id)\(from)")
        }
        for logged in events where logged.commit.stream == stream {
            let commit = logged.commit
            lines.append("  events log, \(logged.position): commit \(commit.number), first version \(commit.firstVersion)")
            for decided in commit.decided {
                lines.append("    decided \(decided.id), read at \(decided.place.position): \(Self.text(decided.outcome))")
            }
            for (index, event) in commit.events.enumerated() {
                lines.append("    version \(commit.firstVersion + index): \(event.payload.name) \(event.id)")
            }
            for effect in commit.step?.effects ?? [] { lines.append("    effect \(effect.payload.name) \(effect.id) to '\(effect.stream)'") }
        }
        return lines.joined(separator: "\n")
    }

    private static func text(_ outcome: CommandOutcome) -> String {
        switch outcome {
        case .accepted(let versions):
            versions.isEmpty ? "accepted, nothing to say" : "accepted, versions \(versions.lowerBound)...\(versions.upperBound - 1)"
        case .rejected(let payload): "rejected, \(String(decoding: payload.bytes, as: UTF8.self))"
        case .deadLettered(let reason): "dead-lettered, \(reason)"
        case .parked(let letter, let reason): "parked, letter at \(letter), \(reason)"
        case .released: "released"
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.nanoseconds / 1_000_000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest) s"
    }
}

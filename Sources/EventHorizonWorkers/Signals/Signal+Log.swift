internal import EventHorizon

extension Signal {
    /// The levels of swift-log.
    public enum Severity: String, Sendable, CaseIterable, Comparable {
        case debug, info, notice, warning, error
        public static func < (a: Self, b: Self) -> Bool { Self.allCases.firstIndex(of: a)! < Self.allCases.firstIndex(of: b)! }
    }

    /// A log line's parts: what is always the same, and what differs.
    public struct LogLine: Sendable, Equatable {
        public var severity: Severity
        public var message: String
        public var fields: [(name: String, value: String)]
        public static func == (a: Self, b: Self) -> Bool {
            a.severity == b.severity && a.message == b.message && a.fields.elementsEqual(b.fields) { $0 == $1 }
        }
    }

    public var logLine: LogLine {
        func line(_ severity: Severity, _ message: String, _ group: String, _ fields: (String, String)...) -> LogLine {
            LogLine(severity: severity, message: message, fields: [("group", group)] + fields.map { (name: $0.0, value: $0.1) })
        }
        return switch self {
        case .started(let group, let member): line(.notice, "started", group, ("member", member))
        case .partitionClaimed(let group, let partition, let progress, let unclean):
            line(.info, "partition claimed", group, ("partition", "\(partition)"), ("progress", "\(progress)"), ("unclean", "\(unclean)"))
        case .partitionReleased(let group, let partition): line(.info, "partition released", group, ("partition", "\(partition)"))
        case .partitionLost(let group, let partition): line(.warning, "partition lost", group, ("partition", "\(partition)"))
        case .workedSingly(let group, let partition, let after, let tried, let attempts):
            line(
                .warning, "worked one message at a time: its owners died", group, ("partition", "\(partition)"), ("after", "\(after)"),
                ("tried", tried.map { "\($0)" } ?? ""), ("attempts", "\(attempts)"))
        case .batchSettled(let group, let counts):
            line(
                .debug, "batch settled", group, ("deliveries", "\(counts.deliveries)"), ("commits", "\(counts.commits)"),
                ("events", "\(counts.events)"),
                ("rejections", "\(counts.rejections)"), ("duplicates", "\(counts.duplicates)"), ("skipped", "\(counts.skipped)"),
                ("effects", "\(counts.effects)"))
        case .conflict(let group, let stream): line(.info, "conflict", group, ("stream", "\(stream)"))
        case .retried(let group, let stream, let kind, let attempt, let reason, let next):
            line(
                .warning, "failed, will be tried again", group, ("stream", stream?.description ?? ""), ("kind", kind.name), ("attempt", "\(attempt)"),
                ("reason", reason), ("next", "\(next)"))
        case .deadLettered(let group, let stream, let kind, let type, let reason):
            line(.error, "dead letter", group, ("stream", stream?.description ?? ""), ("kind", kind.name), ("type", type), ("reason", reason))
        case .parked(let group, let stream, let kind, let reason):
            line(.error, "parked", group, ("stream", "\(stream)"), ("kind", kind.rawValue), ("reason", reason))
        case .released(let group, let stream): line(.notice, "released", group, ("stream", "\(stream)"))
        case .forwarded(let group, let stream): line(.info, "forwarded to its partition", group, ("stream", "\(stream)"))
        case .futureMet(let group, let partition, let reason):
            line(.error, "written by a newer build: the partition waits", group, ("partition", "\(partition)"), ("reason", reason))
        case .progressStalled(let group, let partition, let since):
            line(.error, "no progress", group, ("partition", "\(partition)"), ("since", "\(since)"))
        case .progressResumed(let group, let partition): line(.notice, "progress again", group, ("partition", "\(partition)"))
        case .brokerLost(let group, let reason): line(.warning, "broker lost", group, ("reason", reason))
        case .brokerRestored(let group): line(.notice, "broker back", group)
        case .readerRestarted(let group, let partition, let reason):
            line(.info, "reading restarted", group, ("partition", "\(partition)"), ("reason", reason))
        case .brokerRefused(let group, let reason): line(.warning, "refused by the broker", group, ("reason", reason))
        case .brokerDangerous(let group, let reason): line(.warning, "dangerous setting of the broker", group, ("reason", reason))
        case .draining(let group): line(.notice, "draining", group)
        case .drained(let group): line(.notice, "drained", group)
        }
    }
}

extension FailurePolicy.Kind? {
    /// `other`: not a failure of a handler.
    var name: String { self?.rawValue ?? "other" }
}

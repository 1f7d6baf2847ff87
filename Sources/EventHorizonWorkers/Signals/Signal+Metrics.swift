extension Signal {
    /// A metric's name in Prometheus' convention, with what it is for.
    public struct Metric: Sendable, Hashable {
        public enum Kind: String, Sendable { case counter, gauge }
        public let name: String
        public let kind: Kind
        public let help: String
        /// What went wrong, of a metric that is counted by that; a label of that name.
        public let failure: String?

        init(name: String, kind: Kind, help: String, failure: String? = nil) {
            self.name = name
            self.kind = kind
            self.help = help
            self.failure = failure
        }

        public static let settled = Metric(name: "eventhorizon_deliveries_settled_total", kind: .counter, help: "Messages that are done with.")
        public static let commits = Metric(name: "eventhorizon_commits_total", kind: .counter, help: "Commits stored.")
        public static let events = Metric(name: "eventhorizon_events_total", kind: .counter, help: "Events stored or projected.")
        public static let rejections = Metric(name: "eventhorizon_rejections_total", kind: .counter, help: "Commands that the domain rejected.")
        public static let duplicates = Metric(
            name: "eventhorizon_duplicates_total", kind: .counter, help: "Repeats recognised and answered as before.")
        public static let skipped = Metric(name: "eventhorizon_skipped_total", kind: .counter, help: "Records that the group did not ask for.")
        public static let effects = Metric(name: "eventhorizon_effects_total", kind: .counter, help: "Commands sent by sagas and their routers.")
        public static let conflicts = Metric(name: "eventhorizon_conflicts_total", kind: .counter, help: "Appends that met another commit.")
        /// By kind of failure; nil: the read model's store was away.
        public static func retries(_ failure: FailurePolicy.Kind?) -> Metric {
            Metric(name: "eventhorizon_retries_total", kind: .counter, help: "Failed attempts that are tried again.", failure: failure.name)
        }
        /// By kind of failure; nil: it came behind another of its stream.
        public static func deadLetters(_ failure: FailurePolicy.Kind?) -> Metric {
            Metric(name: "eventhorizon_dead_letters_total", kind: .counter, help: "Messages given up.", failure: failure.name)
        }
        public static func parked(_ failure: FailurePolicy.Kind) -> Metric {
            Metric(name: "eventhorizon_parked_total", kind: .counter, help: "Streams that were parked.", failure: failure.rawValue)
        }
        public static let released = Metric(
            name: "eventhorizon_released_total", kind: .counter, help: "Streams that were parked and are no more.")
        public static let forwarded = Metric(
            name: "eventhorizon_forwarded_total", kind: .counter, help: "Messages found in another aggregate's partition.")
        public static let claims = Metric(name: "eventhorizon_partition_claims_total", kind: .counter, help: "Partitions claimed.")
        public static let losses = Metric(name: "eventhorizon_partition_losses_total", kind: .counter, help: "Partitions lost to another member.")
        public static let singly = Metric(
            name: "eventhorizon_partitions_worked_singly_total", kind: .counter,
            help: "Partitions worked one message at a time because their owners died.")
        public static let partitions = Metric(name: "eventhorizon_partitions", kind: .gauge, help: "Partitions held now.")
        public static let stalled = Metric(name: "eventhorizon_partitions_stalled", kind: .gauge, help: "Partitions that have work and settle none.")
        public static let brokerDown = Metric(name: "eventhorizon_broker_down", kind: .gauge, help: "1 while the broker cannot be reached.")
        public static let readerRestarts = Metric(name: "eventhorizon_reader_restarts_total", kind: .counter, help: "Times that reading began again.")
        public static let refusals = Metric(name: "eventhorizon_broker_refusals_total", kind: .counter, help: "Requests that the broker refused.")

        /// Those of one name stand together.
        public static let all =
            [settled, commits, events, rejections, duplicates, skipped, effects, conflicts]
            + failures.map { retries($0) } + failures.map { deadLetters($0) } + FailurePolicy.Kind.allCases.map { parked($0) }
            + [released, forwarded, claims, losses, singly, partitions, stalled, brokerDown, readerRestarts, refusals]

        private static let failures = FailurePolicy.Kind.allCases.map { $0 } + [nil]
    }

    /// What a signal does to a metric of its group.
    public enum Change: Sendable, Equatable {
        /// To a counter or a gauge; negative to a gauge only.
        case add(Int)
        case set(Int)
    }

    public var metrics: [(metric: Metric, change: Change)] {
        switch self {
        case .partitionClaimed: [(.claims, .add(1)), (.partitions, .add(1))]
        case .partitionReleased: [(.partitions, .add(-1))]
        case .partitionLost: [(.losses, .add(1)), (.partitions, .add(-1))]
        case .workedSingly: [(.singly, .add(1))]
        case .batchSettled(_, let counts):
            [
                (.settled, .add(counts.deliveries)), (.commits, .add(counts.commits)), (.events, .add(counts.events)),
                (.rejections, .add(counts.rejections)), (.duplicates, .add(counts.duplicates)), (.skipped, .add(counts.skipped)),
                (.effects, .add(counts.effects)),
            ]
        case .conflict: [(.conflicts, .add(1))]
        case .retried(_, _, let kind, _, _, _): [(.retries(kind), .add(1))]
        case .deadLettered(_, _, let kind, _, _): [(.deadLetters(kind), .add(1))]
        case .parked(_, _, let kind, _): [(.parked(kind), .add(1))]
        case .released: [(.released, .add(1))]
        case .forwarded: [(.forwarded, .add(1))]
        case .progressStalled: [(.stalled, .add(1))]
        case .progressResumed: [(.stalled, .add(-1))]
        case .brokerLost: [(.brokerDown, .set(1))]
        case .brokerRestored: [(.brokerDown, .set(0))]
        case .readerRestarted: [(.readerRestarts, .add(1))]
        case .brokerRefused: [(.refusals, .add(1))]
        case .started, .futureMet, .brokerDangerous, .draining, .drained: []
        }
    }

    public var group: String {
        switch self {
        case .started(let group, _), .partitionClaimed(let group, _, _, _), .partitionReleased(let group, _), .partitionLost(let group, _),
            .workedSingly(let group, _, _, _, _), .batchSettled(let group, _), .conflict(let group, _), .retried(let group, _, _, _, _, _),
            .deadLettered(let group, _, _, _, _), .parked(let group, _, _, _), .released(let group, _), .forwarded(let group, _),
            .futureMet(let group, _, _),
            .progressStalled(let group, _, _), .progressResumed(let group, _),
            .brokerLost(let group, _), .brokerRestored(let group), .readerRestarted(let group, _, _), .brokerRefused(let group, _),
            .brokerDangerous(let group, _), .draining(let group), .drained(let group):
            group
        }
    }
}

public import EventHorizonWorkers

/// Whether a process makes progress, as far as its signals tell.
///
/// Ready is a process of which at least one group has started and none has a reason not to be. A partition that met a newer build's record
/// keeps its group unready after it was released, until it is claimed again: while nobody reads it, it stands still.
public struct Readiness: Sendable, Equatable {
    struct Group: Sendable, Equatable {
        var hasStarted = false
        var brokerLost: String?
        var stalled: [Int: Duration] = [:]
        var future: [Int: String] = [:]
        var ending: String?

        /// One line; nil for ready.
        var reason: String? {
            if let ending { return ending }
            var reasons: [String] = []
            if let brokerLost { reasons.append("broker lost: \(brokerLost)") }
            for (partition, since) in stalled.sorted(by: { $0.key < $1.key }) { reasons.append("no progress on partition \(partition) for \(since)") }
            for (partition, reason) in future.sorted(by: { $0.key < $1.key }) {
                reasons.append("partition \(partition) waits for a newer build: \(reason)")
            }
            if !hasStarted { reasons.append("not started") }
            guard !reasons.isEmpty else { return nil }
            return reasons.joined(separator: "; ").replacing("\n", with: " ")
        }
    }

    private(set) var groups: [String: Group] = [:]
    private var isDraining = false

    public init() {}

    /// The process has been asked to end.
    public mutating func drain() { isDraining = true }

    public mutating func receive(_ signal: Signal) {
        change(signal.group) { group in
            switch signal {
            case .started: group.hasStarted = true
            case .brokerLost(_, let reason): group.brokerLost = reason
            case .brokerRestored: group.brokerLost = nil
            case .progressStalled(_, let partition, let since): group.stalled[partition] = since
            case .progressResumed(_, let partition):
                group.stalled[partition] = nil
                group.future[partition] = nil
            case .futureMet(_, let partition, let reason): group.future[partition] = reason
            case .partitionClaimed(_, let partition, _, _), .partitionLost(_, let partition):
                group.stalled[partition] = nil
                group.future[partition] = nil
            case .partitionReleased(_, let partition): group.stalled[partition] = nil
            case .draining: group.ending = "draining"
            case .drained: group.ending = "drained"
            case .workedSingly, .batchSettled, .conflict, .retried, .deadLettered, .parked, .released, .forwarded, .readerRestarted, .brokerRefused,
                .brokerDangerous:
                break
            }
        }
    }

    private mutating func change(_ name: String, _ body: (inout Group) -> Void) {
        body(&groups[name, default: Group()])
    }

    public var isReady: Bool { !isDraining && !groups.isEmpty && groups.values.allSatisfy { $0.reason == nil } }

    /// The answer's lines: the verdict, then each group's.
    public var lines: [String] {
        var lines = [isReady ? "ready" : "not ready"]
        if isDraining { lines[0] += ": draining" } else if groups.isEmpty { lines[0] += ": no group has started" }
        return lines + groups.sorted { $0.key < $1.key }.map { "\($0.key.replacing("\n", with: " ")): \($0.value.reason ?? "ready")" }
    }
}

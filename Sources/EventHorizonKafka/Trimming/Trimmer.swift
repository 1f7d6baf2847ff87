#if Kafka
import EventHorizon
import EventHorizonBridge

/// Removes commands that every group has settled. Off the hot path: on a thread of its own, now and then, by moving each partition's start.
struct Trimmer {
    let configuration: KafkaConfiguration
    let ready: Ready
    /// In nanoseconds.
    static let interval: UInt64 = 10_000_000_000
    /// Fewer are not worth a request.
    static let least: Int64 = 1_000

    /// One round over these partitions. What fails is tried in the next.
    func run(_ partitions: [Int], isStopped: () -> Bool) {
        let topic = ready.names.topic(.commands)
        let store = TopologyStore(configuration: configuration, names: ready.names, admin: ready.admin, randomness: SystemRandomness())
        guard let content = try? store.read(isCancelled: isStopped), let topology = content.topology else { return }
        let groups = topology.groups.values.filter { $0.log == .commands }.map { ready.names.group($0.name) }
        guard !groups.isEmpty else { return }
        var progress: [[Int: Int64]] = []
        for group in groups {
            guard !isStopped(), let settled = try? ready.admin.progress(of: group, in: topic, partitionCount: ready.partitionCount) else { return }
            progress.append(settled)
        }
        var bounds: [Int: Int64] = [:]
        for partition in partitions {
            guard let range = try? ready.admin.bounds(of: topic, partition) else { return }
            let end = Self.end(partition, progress: progress, kept: content.kept[partition])
            if let end, end - range.lowerBound >= Self.least, end <= range.upperBound { bounds[partition] = end }
        }
        if !bounds.isEmpty, !isStopped() { try? ready.admin.deleteRecords(of: topic, before: bounds) }
    }

    /// Up to where every group has settled, and nothing is kept; nil where a group's progress is not known.
    static func end(_ partition: Int, progress: [[Int: Int64]], kept: Position?) -> Int64? {
        var end = Int64.max
        for group in progress {
            guard let settled = group[partition] else { return nil }
            end = min(end, settled)
        }
        if let kept { end = min(end, Int64(clamping: kept.rawValue) - 1) }
        return end
    }
}
#endif

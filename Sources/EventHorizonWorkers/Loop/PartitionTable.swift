internal import EventHorizon

/// The partitions that a member holds: what is settled, what stalls, and when a partition can be given up.
struct PartitionTable {
    /// Work that is there and does not move for this long is a stall.
    static let stallLimit = Duration.seconds(5)

    let group: String
    private var partitions: [PartitionProgress?]
    private(set) var isDraining = false

    init(group: String, count: Int) {
        self.group = group
        partitions = Array(repeating: nil, count: count)
    }

    var isEmpty: Bool { partitions.allSatisfy { $0 == nil } }
    /// Whether new work of the partition may be begun.
    func accepts(_ partition: Int) -> Bool { partitions[partition].map { !$0.isLeaving } ?? false }
    func holds(_ partition: Int) -> Bool { partitions[partition] != nil }
    /// Up to where all is settled.
    func progress(of partition: Int) -> Position { partitions[partition]?.progress ?? .start }

    mutating func claim(_ partition: Int, progress: Position, now: Instant) {
        partitions[partition] = PartitionProgress(progress: progress, now: now)
        partitions[partition]?.isLeaving = isDraining
    }

    mutating func revoke(_ partition: Int) { partitions[partition]?.isLeaving = true }

    mutating func lose(_ partition: Int, report: (Signal) -> Void) {
        guard let lost = partitions[partition] else { return }
        if lost.isStalled { report(.progressResumed(group: group, partition: partition)) }
        partitions[partition] = nil
        report(.partitionLost(group: group, partition: partition))
    }

    /// Stops the intake of every partition, those included that are claimed later.
    mutating func drain(report: (Signal) -> Void) {
        guard !isDraining else { return }
        isDraining = true
        for partition in partitions.indices { revoke(partition) }
        report(.draining(group: group))
    }

    /// Nil for what the member does not take: its partition is being given up, or it was delivered before.
    mutating func deliver(_ delivery: Delivery, now: Instant) -> Int? {
        guard accepts(delivery.partition) else { return nil }
        let isSkipped = if case .skipped = delivery.content { true } else { false }
        return partitions[delivery.partition]?.deliver(delivery.position, isSkipped: isSkipped, now: now)
    }

    mutating func settle(_ ordinal: Int, of partition: Int, isSkipped: Bool = false) { partitions[partition]?.settle(ordinal, isSkipped: isSkipped) }
    mutating func submitted(_ partition: Int) { partitions[partition]?.inFlight += 1 }
    mutating func answered(_ partition: Int) { partitions[partition]?.inFlight -= 1 }

    /// Puts progress, credit and releases into the outcome, and what they mean into `report`.
    mutating func flush(into outcome: inout Outcome, now: Instant, report: (Signal) -> Void) {
        for index in partitions.indices {
            guard partitions[index] != nil else { continue }
            if let progress = partitions[index]?.takeProgress() { outcome.progress.append((index, progress)) }
            if let (hasMoved, credit) = partitions[index]?.takeFinished(now: now) {
                if credit > 0 { outcome.finished.append((index, credit)) }
                if hasMoved, partitions[index]?.isStalled == true {
                    partitions[index]?.isStalled = false
                    report(.progressResumed(group: group, partition: index))
                }
            }
            guard let partition = partitions[index] else { continue }
            if partition.isLeaving, partition.inFlight == 0 {
                if partition.isStalled { report(.progressResumed(group: group, partition: index)) }
                outcome.releases.append(index)
                partitions[index] = nil
                report(.partitionReleased(group: group, partition: index))
            } else if partition.hasWork, !partition.isStalled, now - partition.movedAt >= Self.stallLimit {
                partitions[index]?.isStalled = true
                report(.progressStalled(group: group, partition: index, since: now - partition.movedAt))
            }
        }
    }

    /// When to look for stalls again; nil without work.
    var nextLook: Instant? {
        partitions.reduce(nil) { next, partition in
            guard let partition, partition.hasWork, !partition.isStalled else { return next }
            let due = partition.movedAt + Self.stallLimit
            return min(next ?? due, due)
        }
    }
}

internal import EventHorizon

/// The partitions of a member that owners before left without releasing, and how each is worked for that.
///
/// An owner is killed now and then for no fault of a message's, so one death costs its successor one record before it reads, and nothing else. Where
/// three die one after the other before the group's progress has moved at all, a message may be to blame: those that follow work singly.
struct CautionTable {
    /// How a claimed partition is begun.
    enum Beginning: Equatable {
        case asUsual
        /// Once this is recorded, as usual.
        case afterRecording(Attempt)
        /// One message at a time. `blamed` is what the last owner died of, if that is known.
        case singly(blamed: Attempt?)
    }

    private struct Partition {
        var caution: Caution?
        /// What the record says, unless it is passed.
        var recorded: Attempt?
        /// What it said when this member lost the partition, and lived.
        var lost: (recorded: Attempt?, isSingly: Bool)?
    }

    /// So many owners die before their successor works singly.
    private static let deaths = 3
    private let limit: Int
    private var partitions: [Partition]

    /// - Parameter limit: How often a message is tried alone.
    init(count: Int, limit: Int) {
        partitions = Array(repeating: Partition(), count: count)
        self.limit = limit
    }

    subscript(partition: Int) -> Caution? {
        get { partitions[partition].caution }
        _modify { yield &partitions[partition].caution }
    }

    var areAny: Bool { partitions.contains { $0.caution != nil } }

    mutating func begin(_ claim: Claim) -> Beginning {
        let lost = partitions[claim.partition].lost
        partitions[claim.partition] = Partition()
        guard claim.isUnclean, claim.progress < claim.end else { return .asUsual }
        let last = claim.trying.flatMap { $0.position >= claim.progress ? $0 : nil }
        partitions[claim.partition].recorded = last
        // Its own successor, or another's that did not die of it.
        if lost != nil, last == nil { return .asUsual }
        guard let tried = last, tried.position > claim.progress || tried.number >= Self.deaths - 1 else {
            if let lost, lost.recorded == last { return .asUsual }
            let attempt = Attempt(position: claim.progress, number: (last?.number ?? 0) + 1)
            partitions[claim.partition].recorded = attempt
            return .afterRecording(attempt)
        }
        var blamed = tried.position > claim.progress ? tried : nil
        if let lost, lost.recorded == tried {
            guard lost.isSingly else { return .asUsual }
            // Lost, and not died of: it is no attempt.
            blamed?.number -= 1
        }
        partitions[claim.partition].caution = Caution(limit: limit, end: claim.end, blamed: blamed)
        return .singly(blamed: blamed)
    }

    mutating func recorded(_ attempt: Attempt, in partition: Int) { partitions[partition].recorded = attempt }

    mutating func lose(_ partition: Int) {
        let last = partitions[partition]
        partitions[partition] = Partition(lost: (last.recorded, last.caution != nil))
    }

    mutating func release(_ partition: Int) { partitions[partition] = Partition() }
}

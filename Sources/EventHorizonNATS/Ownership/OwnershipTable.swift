#if NATS
import EventHorizon
import EventHorizonWire

/// Who owns which partition of a group, as one member sees it, and what it does about it. No IO: what was read and written goes in, actions come out.
///
/// The rule: the members, sorted by id, each have a quota of the partitions. Who holds more gives up the surplus; who holds fewer claims what is free: what
/// was released, and what its owner did not renew for the lease time; who holds enough says of the latter that it is free, for who came later. Of that time only what lies between two reads that are known to have worked
/// counts, so that an absent server costs nobody a partition. Nothing here is needed for safety: appends fence themselves.
struct OwnershipTable {
    enum Action: Equatable {
        /// Store the record if the key's last revision is `previous`.
        case write(partition: Int, record: OwnershipRecord, previous: UInt64)
        /// Find out where the partition ends: its group begins there.
        case measure(partition: Int)
        case claimed(partition: Int, epoch: UInt64, progress: Position, isUnclean: Bool, trying: Attempt? = nil)
        /// What the member tries next is recorded.
        case tried(partition: Int, epoch: UInt64, token: Int, position: Position)
        case revoked(partition: Int)
        case lost(partition: Int)
        case released(partition: Int)
        /// The key holds something, and nothing that this member ever could read: it is claimed by nobody. Said once.
        case unreadable(partition: Int)
    }

    private enum Hold: Equatable {
        case none, measuring, claiming(isUnclean: Bool), held, revoking
        /// Another's, whose lease has run out, on its way to being free.
        case freeing
        /// `isClean`: the member settled what it had in hand.
        case releasing(isClean: Bool)
    }
    private struct Partition {
        /// The last that could be read.
        var record: OwnershipRecord?
        /// Something newer cannot be read, or was deleted.
        var isUnreadable = false
        var isUnreadableTold = false
        var revision: UInt64 = 0
        /// In counted time.
        var seenAt: UInt64 = 0
        var hold = Hold.none
        /// It was left uncleanly, before the claim that is held.
        var cameUnclean = false
        var inFlight: OwnershipRecord?
        var progress = Position.start
        var trying: Attempt?
        /// Of what the member tries, until it is recorded.
        var tryToken: Int?
        var writtenAt: UInt64 = 0
        /// In counted time, when this member gave it up unasked.
        var releasedAt: UInt64?
    }

    /// An owner's name that begins so is nobody's: the partition is free at once, and was left uncleanly.
    static let abandoned = "!"

    let member: String
    let incarnation: UInt64
    let startsAtEnd: Bool
    /// In nanoseconds, as all times here.
    let lease: UInt64
    private var partitions: [Partition]
    private var presences: [String: (revision: UInt64, seenAt: UInt64)] = [:]
    /// Time between reads that worked.
    private var counted: UInt64 = 0
    private var echoedAt: UInt64?
    private(set) var isReady = false
    private var isLeaving = false

    static let progressInterval: UInt64 = 100_000_000

    init(member: String, partitionCount: Int, incarnation: UInt64, startsAtEnd: Bool, lease: UInt64) {
        self.member = member
        self.incarnation = incarnation
        self.startsAtEnd = startsAtEnd
        self.lease = lease
        partitions = Array(repeating: Partition(), count: partitionCount)
    }

    // MARK: What is read

    /// Our own presence, as last written, came back: everything stored before it has been seen.
    mutating func echoed(at now: UInt64) -> [Action] {
        if let last = echoedAt { counted &+= min(now &- last, lease / 2) }
        echoedAt = now
        isReady = true
        return evaluate()
    }

    /// Reading or writing does not work for now: the time until the next echo does not count.
    mutating func interrupted() { echoedAt = nil }

    mutating func observed(presence id: String, revision: UInt64, isPresent: Bool) -> [Action] {
        if let known = presences[id], known.revision >= revision { return [] }
        presences[id] = isPresent ? (revision, counted) : nil
        return evaluate()
    }

    mutating func observed(partition index: Int, record: OwnershipRecord?, revision: UInt64) -> [Action] {
        guard partitions.indices.contains(index), revision > partitions[index].revision else { return [] }
        if let record, partitions[index].inFlight == record { return written(partition: index, record, revision: revision) + evaluate() }
        return replaced(index, by: record, revision: revision) + evaluate()
    }

    private mutating func replaced(_ index: Int, by record: OwnershipRecord?, revision: UInt64) -> [Action] {
        let hold = partitions[index].hold
        if let record { partitions[index].record = record }
        partitions[index].isUnreadable = record == nil && (revision > 0 || partitions[index].record != nil)
        partitions[index].revision = revision
        partitions[index].seenAt = counted
        partitions[index].inFlight = nil
        partitions[index].hold = .none
        switch hold {
        case .held, .revoking: return [.lost(partition: index)]
        case .releasing: return [.released(partition: index)]
        case .none, .measuring, .claiming, .freeing: return []
        }
    }

    // MARK: What became of writes

    /// A write was stored. One that is not under way any more has been seen before its answer, or overtaken.
    mutating func written(partition index: Int, _ record: OwnershipRecord, revision: UInt64) -> [Action] {
        guard partitions[index].inFlight == record else { return [] }
        partitions[index].inFlight = nil
        partitions[index].record = record
        partitions[index].isUnreadable = false
        partitions[index].revision = max(revision, partitions[index].revision)
        partitions[index].seenAt = counted
        switch partitions[index].hold {
        case .claiming(let isUnclean):
            partitions[index].progress = record.progress
            partitions[index].trying = record.attempt
            partitions[index].tryToken = nil
            partitions[index].cameUnclean = isUnclean
            partitions[index].hold = isLeaving ? .releasing(isClean: !isUnclean) : .held
            if isLeaving { return [] }
            return [.claimed(partition: index, epoch: record.epoch, progress: record.progress, isUnclean: isUnclean, trying: record.attempt)]
        case .held, .revoking:
            guard let token = partitions[index].tryToken, let attempt = record.attempt, attempt == partitions[index].trying else { return [] }
            partitions[index].tryToken = nil
            return [.tried(partition: index, epoch: record.epoch, token: token, position: attempt.position)]
        case .releasing where Self.isFree(record):
            partitions[index].hold = .none
            return [.released(partition: index)] + evaluate()
        case .freeing:
            partitions[index].hold = .none
            return evaluate()
        default: return []
        }
    }

    /// A write was refused: `record` is what the key holds.
    mutating func refused(partition index: Int, _ write: OwnershipRecord, record: OwnershipRecord?, revision: UInt64) -> [Action] {
        guard partitions[index].inFlight == write else { return [] }
        // A write whose first answer was lost is refused when it is repeated.
        if record == write { return written(partition: index, write, revision: revision) }
        return replaced(index, by: record, revision: revision) + evaluate()
    }

    mutating func measured(partition index: Int, end: Position) -> [Action] {
        guard partitions[index].hold == .measuring else { return [] }
        return [claim(index, progress: end, isUnclean: false)]
    }

    // MARK: What the member wants

    mutating func progress(partition index: Int, epoch: UInt64, to position: Position) {
        guard owns(index, epoch), position > partitions[index].progress else { return }
        if partitions[index].trying?.isOver(when: partitions[index].progress, movesTo: position) ?? false { partitions[index].trying = nil }
        partitions[index].progress = position
    }

    /// Recorded at once, with the progress that was said before.
    mutating func attempt(_ attempt: Attempt, partition index: Int, epoch: UInt64, token: Int) {
        guard owns(index, epoch) else { return }
        partitions[index].trying = attempt
        partitions[index].tryToken = token
    }

    /// - Parameter epoch: Of the claim that is given up; nil for one that the member was not told of: it is left as it was found.
    mutating func release(partition index: Int, epoch: UInt64?) {
        guard partitions.indices.contains(index), let current = epoch ?? partitions[index].record?.epoch, owns(index, current) else { return }
        partitions[index].releasedAt = partitions[index].hold == .held ? counted : nil
        partitions[index].hold = .releasing(isClean: epoch != nil || !partitions[index].cameUnclean)
    }

    /// Claims nothing more, and keeps what is held until it is released.
    mutating func drain() {
        isLeaving = true
        for index in partitions.indices where partitions[index].hold == .measuring { partitions[index].hold = .none }
    }

    /// The member is gone: what it did not release was left uncleanly.
    mutating func leave() {
        drain()
        for index in partitions.indices where partitions[index].hold == .held || partitions[index].hold == .revoking {
            partitions[index].hold = .releasing(isClean: false)
        }
    }

    /// Whether nothing is held or on its way any more.
    var isEmpty: Bool { partitions.allSatisfy { $0.hold == .none } }

    var heldCount: Int { partitions.count { $0.hold == .held || $0.hold == .revoking } }

    func revision(partition index: Int) -> UInt64 { partitions[index].revision }

    func owns(partition index: Int, epoch: UInt64) -> Bool { owns(index, epoch) }

    private func owns(_ index: Int, _ epoch: UInt64) -> Bool {
        guard partitions.indices.contains(index), partitions[index].record?.epoch == epoch else { return false }
        return partitions[index].hold == .held || partitions[index].hold == .revoking
    }

    // MARK: What is due

    /// Renewals, progress and releases.
    mutating func due(at now: UInt64) -> [Action] {
        var actions: [Action] = []
        for index in partitions.indices where partitions[index].inFlight == nil {
            guard let record = partitions[index].record, let time = dueTime(index), time <= now else { continue }
            var next = record
            next.progress = partitions[index].progress
            next.incarnation = incarnation
            next.beat &+= 1
            next.attempt = partitions[index].trying
            if case .releasing(let isClean) = partitions[index].hold {
                next.owner = isClean ? "" : Self.abandoned + member
                if isClean { next.attempt = nil }
            }
            actions.append(write(index, next))
            partitions[index].writtenAt = now
        }
        return actions
    }

    func nextDue() -> UInt64? {
        partitions.indices.compactMap { partitions[$0].inFlight == nil ? dueTime($0) : nil }.min()
    }

    private func dueTime(_ index: Int) -> UInt64? {
        let partition = partitions[index]
        switch partition.hold {
        case .releasing: return 0
        case .held, .revoking:
            if partition.tryToken != nil { return 0 }
            let moved = partition.progress != partition.record?.progress
            return partition.writtenAt &+ (moved ? min(Self.progressInterval, lease / 3) : lease / 3)
        case .none, .measuring, .claiming, .freeing: return nil
        }
    }

    private mutating func write(_ index: Int, _ record: OwnershipRecord) -> Action {
        partitions[index].inFlight = record
        return .write(partition: index, record: record, previous: partitions[index].revision)
    }

    private mutating func free(_ index: Int, _ record: OwnershipRecord) -> Action {
        var next = record
        next.owner = Self.abandoned + record.owner
        next.beat &+= 1
        partitions[index].hold = .freeing
        return write(index, next)
    }

    private mutating func claim(_ index: Int, progress: Position, isUnclean: Bool) -> Action {
        let old = partitions[index].record
        partitions[index].hold = .claiming(isUnclean: isUnclean)
        var record = OwnershipRecord(
            owner: member, epoch: (old?.epoch ?? 0) + 1, progress: progress, incarnation: incarnation, beat: (old?.beat ?? 0) &+ 1)
        // Of the log that is there now, and of an owner that did not release.
        if isUnclean, old?.incarnation == incarnation { record.attempt = old?.attempt }
        return write(index, record)
    }

    // MARK: The rule

    /// The living members, sorted.
    var members: [String] { presences.filter { counted &- $0.value.seenAt < lease }.map(\.key).sorted() }

    static func quota(rank: Int, members: Int, partitions: Int) -> Int { partitions / members + (rank < partitions % members ? 1 : 0) }

    private static func isFree(_ record: OwnershipRecord) -> Bool { record.owner.isEmpty || record.owner.hasPrefix(abandoned) }

    private mutating func evaluate() -> [Action] {
        guard isReady, !isLeaving else { return [] }
        let members = members
        guard let rank = members.firstIndex(of: member) else { return [] }
        let quota = Self.quota(rank: rank, members: members.count, partitions: partitions.count)
        let held = partitions.indices.filter { partitions[$0].hold == .held }
        let coming = partitions.count { if case .claiming = $0.hold { true } else { $0.hold == .measuring } }
        if held.count > quota {
            return held.suffix(held.count - quota).map { index in
                partitions[index].hold = .revoking
                return .revoked(partition: index)
            }
        }
        var wanted = quota - held.count - coming
        var actions: [Action] = []
        // Each begins elsewhere, so that those who wait do not all want the same.
        let offset = rank * partitions.count / members.count
        for step in partitions.indices {
            let index = (offset + step) % partitions.count
            guard partitions[index].hold == .none else { continue }
            // What was given up here unasked is not taken again at once: the member had its reason.
            if let releasedAt = partitions[index].releasedAt, counted &- releasedAt < lease { continue }
            let isExpired = counted &- partitions[index].seenAt >= lease
            guard let record = partitions[index].record else {
                if partitions[index].isUnreadable {
                    // To begin at the start would be to send and to handle everything again.
                    if !partitions[index].isUnreadableTold { actions.append(.unreadable(partition: index)) }
                    partitions[index].isUnreadableTold = true
                    continue
                }
                guard wanted > 0 else { continue }
                if startsAtEnd {
                    partitions[index].hold = .measuring
                    actions.append(.measure(partition: index))
                } else {
                    actions.append(claim(index, progress: .start, isUnclean: false))
                }
                wanted -= 1
                continue
            }
            // What cannot be read may be an owner's; its successor goes on where it was last known to be.
            let isUnreadable = partitions[index].isUnreadable
            guard isExpired || (Self.isFree(record) && !isUnreadable) else { continue }
            guard wanted > 0 else {
                // Who may take it may have come too late to tell that its owner is gone, and be gone before it can: it is told by who has seen it.
                if !Self.isFree(record) { actions.append(free(index, record)) }
                continue
            }
            let progress = record.incarnation == incarnation ? record.progress : .start
            actions.append(claim(index, progress: progress, isUnclean: isUnreadable || !record.owner.isEmpty))
            wanted -= 1
        }
        return actions
    }
}
#endif

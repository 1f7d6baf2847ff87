internal import EventHorizon

/// One partition's deliveries: which are settled, and how far the settled prefix reaches.
struct PartitionProgress {
    /// What was delivered and is not settled, or lies behind what is not; from `head` on, in order of position.
    private var entries: [(position: Position, isOpen: Bool)] = []
    private var head = 0
    /// The ordinal of `entries[head]`.
    private var base = 0
    /// Everything up to here is settled.
    private(set) var progress: Position
    private var saidProgress: Position
    private var lastDelivered: Position
    /// Settled deliveries that the member was not told of.
    private var finished = 0
    /// Whether progress moved since the last look.
    private var hasMoved = false
    /// What was submitted for the partition and is not answered.
    var inFlight = 0
    /// Nothing new is begun; released when nothing is in flight.
    var isLeaving = false
    var isStalled = false
    /// When progress last moved, or work came to an idle partition.
    private(set) var movedAt: Instant

    init(progress: Position, now: Instant) {
        self.progress = progress
        saidProgress = progress
        lastDelivered = progress
        movedAt = now
    }

    var hasWork: Bool { head < entries.count }

    /// Takes a delivery in. Its ordinal names it until it is settled; nil for what was delivered before, which takes no credit.
    mutating func deliver(_ position: Position, isSkipped: Bool, now: Instant) -> Int? {
        guard position > lastDelivered else {
            if !isSkipped { finished += 1 }
            return nil
        }
        lastDelivered = position
        if !hasWork { movedAt = now }
        entries.append((position, true))
        return base + entries.count - 1 - head
    }

    /// Marks a delivery as done with. Skipped records take no credit.
    mutating func settle(_ ordinal: Int, isSkipped: Bool) {
        let index = head + ordinal - base
        guard ordinal >= base, index < entries.count, entries[index].isOpen else { return }
        entries[index].isOpen = false
        if !isSkipped { finished += 1 }
        while head < entries.count, !entries[head].isOpen {
            hasMoved = true
            progress = entries[head].position
            head += 1
            base += 1
        }
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// The progress, if it moved since it was last taken.
    mutating func takeProgress() -> Position? {
        guard progress > saidProgress else { return nil }
        saidProgress = progress
        return progress
    }

    /// How far reading may run ahead of the oldest delivery that is not settled: no credit is given back beyond it.
    static let longestDistance = 20_000

    /// Whether progress moved since this was last asked, and how much credit is given back.
    mutating func takeFinished(now: Instant) -> (hasMoved: Bool, credit: Int) {
        defer { hasMoved = false }
        if hasMoved { movedAt = now }
        guard entries.count - head < Self.longestDistance else { return (hasMoved, 0) }
        defer { finished = 0 }
        return (hasMoved, finished)
    }
}

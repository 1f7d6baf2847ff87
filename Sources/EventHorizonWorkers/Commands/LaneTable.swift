internal import EventHorizon

/// The lanes of a loop: each stream has a slot, which is also its state's in the handler.
struct LaneTable {
    private var lanes: [Lane] = []
    private var isTaken: [Bool] = []
    private var free: [Int] = []
    private var slots: [ExactText: Int] = [:]
    private var hand = 0

    var count: Int { slots.count }

    /// Read and changed in place: a lane is large.
    subscript(slot: Int) -> Lane {
        _read { yield lanes[slot] }
        _modify { yield &lanes[slot] }
    }

    func slot(of aggregate: String) -> Int? { slots[ExactText(aggregate)] }
    func slots(of partition: Int) -> [Int] { lanes.indices.filter { isTaken[$0] && lanes[$0].partition == partition } }
    func holds(_ slot: Int) -> Bool { isTaken[slot] }

    mutating func insert(_ lane: Lane) -> Int {
        let slot = free.popLast() ?? lanes.count
        if slot == lanes.count {
            lanes.append(lane)
            isTaken.append(true)
        } else {
            lanes[slot] = lane
            isTaken[slot] = true
        }
        slots[ExactText(lane.stream.aggregate)] = slot
        return slot
    }

    mutating func remove(_ slot: Int) {
        slots[ExactText(lanes[slot].stream.aggregate)] = nil
        // What the lane held is let go at once.
        lanes[slot] = Lane(stream: lanes[slot].stream, partition: lanes[slot].partition)
        isTaken[slot] = false
        free.append(slot)
    }

    /// Forgets idle lanes until no more than `limit` are left, those first that were not used since the hand last passed them (the clock algorithm).
    mutating func sweep(to limit: Int, _ forget: (Int) -> Void) {
        for _ in 0..<lanes.count * 2 where count > limit {
            hand = (hand + 1) % lanes.count
            guard isTaken[hand], lanes[hand].isIdle else { continue }
            if lanes[hand].isRecent {
                lanes[hand].isRecent = false
            } else {
                forget(hand)
                remove(hand)
            }
        }
    }
}

internal import EventHorizon

/// The lanes of a loop: each stream has a slot, which is also its state's in the handler.
struct LaneTable {
    private var lanes: [Lane?] = []
    private var free: [Int] = []
    private var hand = 0
    private var slots: [ExactText: Int] = [:]

    var count: Int { slots.count }

    subscript(slot: Int) -> Lane {
        get { lanes[slot]! }
        _modify { yield &lanes[slot]! }
    }

    func slot(of aggregate: String) -> Int? { slots[ExactText(aggregate)] }
    func slots(of partition: Int) -> [Int] { lanes.indices.filter { lanes[$0]?.partition == partition } }
    func holds(_ slot: Int) -> Bool { lanes[slot] != nil }

    mutating func insert(_ lane: Lane) -> Int {
        let slot = free.popLast() ?? lanes.count
        if slot == lanes.count { lanes.append(lane) } else { lanes[slot] = lane }
        slots[ExactText(lane.stream.aggregate)] = slot
        return slot
    }

    mutating func remove(_ slot: Int) {
        slots[ExactText(self[slot].stream.aggregate)] = nil
        lanes[slot] = nil
        free.append(slot)
    }

    /// Forgets idle lanes until no more than `limit` are left, those first that were not used since the hand last passed them (the clock algorithm).
    mutating func sweep(to limit: Int, _ forget: (Int) -> Void) {
        for _ in 0..<lanes.count * 2 where count > limit {
            hand = (hand + 1) % lanes.count
            guard let lane = lanes[hand], lane.isIdle else { continue }
            if lane.isRecent {
                lanes[hand]?.isRecent = false
            } else {
                forget(hand)
                remove(hand)
            }
        }
    }
}

internal import EventHorizon

/// The lanes of a loop: each stream has a slot, which is also its state's in the handler.
struct LaneTable {
    private var lanes: [Lane?] = []
    private var free: [Int] = []
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

    /// Forgets the idle lanes that were not used since the last sweep.
    mutating func sweep(_ forget: (Int) -> Void) {
        for slot in lanes.indices {
            guard let lane = lanes[slot], lane.isIdle else { continue }
            if lane.isRecent {
                lanes[slot]?.isRecent = false
            } else {
                forget(slot)
                remove(slot)
            }
        }
    }
}

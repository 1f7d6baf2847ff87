#if NATS
/// Values by numbers that are never given twice, in storage that is reused.
struct SlotTable<Value> {
    private struct Slot {
        var generation: UInt64 = 0
        var value: Value?
    }
    private var slots: [Slot] = []
    private var free: [Int] = []
    private(set) var count = 0
    private static var indexBits: UInt64 { 24 }

    mutating func insert(_ value: Value) -> UInt64 {
        count += 1
        let index: Int
        if let last = free.popLast() {
            index = last
            slots[index].generation += 1
        } else {
            index = slots.count
            slots.append(Slot())
        }
        slots[index].value = value
        return slots[index].generation << Self.indexBits | UInt64(index)
    }

    /// Nil where the number is out of use.
    mutating func remove(_ number: UInt64) -> Value? {
        guard let index = index(of: number) else { return nil }
        count -= 1
        free.append(index)
        return slots[index].value.take()
    }

    subscript(_ number: UInt64) -> Value? {
        get { index(of: number).flatMap { slots[$0].value } }
        set {
            precondition(newValue != nil, "a value ends by remove")
            if let index = index(of: number) { slots[index].value = newValue }
        }
    }

    /// The numbers whose values match.
    func numbers(where matches: (Value) -> Bool) -> [UInt64] {
        slots.indices.compactMap { index in
            guard let value = slots[index].value, matches(value) else { return nil }
            return slots[index].generation << Self.indexBits | UInt64(index)
        }
    }

    private func index(of number: UInt64) -> Int? {
        let index = Int(number & (1 << Self.indexBits - 1))
        guard index < slots.count, slots[index].generation == number >> Self.indexBits, slots[index].value != nil else { return nil }
        return index
    }
}
#endif

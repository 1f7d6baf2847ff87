internal import CProtobufC

/// Memory for the structs of one message, given out by moving a pointer and taken back all at once; reused from message to message.
final class Arena {
    struct Space {
        var block: UnsafeMutableRawPointer
        var capacity: Int
        var used = 0
        /// Blocks that were added since the last reset, and how much all blocks before the newest hold.
        var added: [UnsafeMutableRawPointer] = []
        var filled = 0
        /// What may be given out until the next reset, in bytes.
        var budget = Int.max

        mutating func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
            guard size >= 0, size < budget - filled - used else { return nil }
            let rounded = (size + 15) & ~15
            if rounded > capacity - used {
                filled += used
                capacity = max(rounded, Arena.step)
                block = .allocate(byteCount: capacity, alignment: 16)
                added.append(block)
                used = 0
            }
            defer { used += rounded }
            return block + used
        }
    }

    private static let step = 65_536
    /// What is kept from message to message.
    private static let kept = 1_048_576

    // Pointers, since protobuf-c holds them: their addresses must not change.
    private let space: UnsafeMutablePointer<Space>
    let allocator: UnsafeMutablePointer<ProtobufCAllocator>
    private var first: UnsafeMutableRawPointer
    private var firstCapacity: Int

    init() {
        firstCapacity = 16_384
        first = .allocate(byteCount: firstCapacity, alignment: 16)
        space = .allocate(capacity: 1)
        space.initialize(to: Space(block: first, capacity: firstCapacity))
        allocator = .allocate(capacity: 1)
        allocator.initialize(to: ProtobufCAllocator(alloc: allocateInArena, free: keepInArena, allocator_data: space))
    }

    deinit {
        for block in space.pointee.added { block.deallocate() }
        first.deallocate()
        space.deinitialize(count: 1)
        space.deallocate()
        allocator.deallocate()
    }

    /// Takes everything back. `budget`: what may be given out from now on, in bytes.
    func reset(budget: Int = .max) {
        if !space.pointee.added.isEmpty {
            let needed = min(space.pointee.filled + space.pointee.used, Self.kept)
            for block in space.pointee.added { block.deallocate() }
            space.pointee.added.removeAll(keepingCapacity: true)
            if needed > firstCapacity {
                first.deallocate()
                firstCapacity = needed
                first = .allocate(byteCount: needed, alignment: 16)
            }
            space.pointee.block = first
            space.pointee.capacity = firstCapacity
            space.pointee.filled = 0
        }
        space.pointee.used = 0
        space.pointee.budget = budget
    }

    /// Only for what has no budget: our own structs, of values that are in memory already.
    func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        guard let memory = space.pointee.allocate(size) else { preconditionFailure("an arena without a budget gave nothing for \(size) bytes") }
        return memory
    }

    func make<Message>(_ initialise: (UnsafeMutablePointer<Message>?) -> Void) -> UnsafeMutablePointer<Message> {
        let message = allocate(MemoryLayout<Message>.size).bindMemory(to: Message.self, capacity: 1)
        initialise(message)
        return message
    }

    func list<Element>(of count: Int) -> UnsafeMutablePointer<UnsafeMutablePointer<Element>?> {
        allocate(count * MemoryLayout<UnsafeMutablePointer<Element>?>.stride).bindMemory(to: UnsafeMutablePointer<Element>?.self, capacity: count)
    }
}

private func allocateInArena(_ space: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer? {
    // The arena's own `Space`: `Arena.init` put it there, and it lives as long as the allocator.
    space?.assumingMemoryBound(to: Arena.Space.self).pointee.allocate(size)
}

private func keepInArena(_ space: UnsafeMutableRawPointer?, _ memory: UnsafeMutableRawPointer?) {}

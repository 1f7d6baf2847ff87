internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

extension WireCodec {
    func message(_ letter: DeadLetter) -> UnsafeMutablePointer<Eventhorizon__V1__DeadLetter> {
        let message = arena.make(eventhorizon__v1__dead_letter__init)
        message.pointee.place = self.message(letter.place)
        message.pointee.group = field(letter.group)
        message.pointee.reason = field(letter.reason)
        message.pointee.attempts = field(small: letter.attempts)
        message.pointee.worker = field(letter.worker)
        message.pointee.first_failed_at = letter.firstFailedAt.nanoseconds
        message.pointee.last_failed_at = letter.lastFailedAt.nanoseconds
        if let stream = letter.stream { message.pointee.stream = self.message(stream) }
        message.pointee.type = field(letter.type)
        message.pointee.record = field(letter.record)
        return message
    }

    func message(_ answer: Answer) -> UnsafeMutablePointer<Eventhorizon__V1__Answer> {
        let message = arena.make(eventhorizon__v1__answer__init)
        message.pointee.command_id = field(answer.command)
        message.pointee.stream = self.message(answer.stream)
        message.pointee.outcome = self.message(answer.outcome)
        message.pointee.place = self.message(answer.place)
        return message
    }

    /// Sorted: a record's bytes do not depend on the process that writes them.
    func message(_ topology: Topology) -> UnsafeMutablePointer<Eventhorizon__V1__Topology> {
        let message = arena.make(eventhorizon__v1__topology__init)
        message.pointee.partition_count = field(small: topology.partitionCount)
        let incarnations = topology.incarnations.sorted { $0.key.rawValue < $1.key.rawValue }
        message.pointee.incarnations = list(incarnations, &message.pointee.n_incarnations) { log, incarnation in
            let entry = arena.make(eventhorizon__v1__topology__incarnation__init)
            entry.pointee.log = field(log)
            entry.pointee.incarnation = incarnation
            return entry
        }
        let groups = topology.groups.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        message.pointee.groups = list(groups, &message.pointee.n_groups) { group in
            let entry = arena.make(eventhorizon__v1__topology__group__init)
            entry.pointee.name = field(group.name)
            entry.pointee.log = field(group.log)
            let categories = group.categories.map(\.description).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            entry.pointee.n_categories = categories.count
            if !categories.isEmpty {
                let list = arena.allocate(categories.count * MemoryLayout<ProtobufCBinaryData>.stride)
                    .bindMemory(to: ProtobufCBinaryData.self, capacity: categories.count)
                for (index, category) in categories.enumerated() { (list + index).initialize(to: field(category)) }
                entry.pointee.categories = list
            }
            entry.pointee.store = field(group.store ?? "")
            return entry
        }
        return message
    }

    func message(_ record: OwnershipRecord) -> UnsafeMutablePointer<Eventhorizon__V1__Ownership> {
        let message = arena.make(eventhorizon__v1__ownership__init)
        message.pointee.owner = field(record.owner)
        message.pointee.epoch = record.epoch
        message.pointee.progress = record.progress.rawValue
        message.pointee.incarnation = record.incarnation
        if let trying = record.trying {
            message.pointee.trying_presence_case = EVENTHORIZON__V1__OWNERSHIP__TRYING_PRESENCE_TRYING
            message.pointee.trying = trying.rawValue
        }
        message.pointee.attempts = field(small: record.attempts)
        message.pointee.beat = record.beat
        return message
    }

    func message(_ record: CheckpointRecord) -> UnsafeMutablePointer<Eventhorizon__V1__Checkpoint> {
        let message = arena.make(eventhorizon__v1__checkpoint__init)
        message.pointee.projection = field(record.projection)
        message.pointee.version = field(small: record.version)
        message.pointee.partition = field(small: record.partition)
        message.pointee.incarnation = record.checkpoint.incarnation
        message.pointee.position = record.checkpoint.position.rawValue
        let held = record.checkpoint.held.sorted { one, other in
            let (a, b) = (one.key.category.description, other.key.category.description)
            return a == b ? one.key.aggregate.utf8.lexicographicallyPrecedes(other.key.aggregate.utf8) : a.utf8.lexicographicallyPrecedes(b.utf8)
        }
        message.pointee.held = list(held, &message.pointee.n_held) { entry in
            let held = arena.make(eventhorizon__v1__checkpoint__held__init)
            held.pointee.stream = self.message(entry.key)
            held.pointee.first = entry.value.first.rawValue
            held.pointee.last = entry.value.last.rawValue
            held.pointee.is_parked = entry.value.isParked ? 1 : 0
            return held
        }
        return message
    }
}

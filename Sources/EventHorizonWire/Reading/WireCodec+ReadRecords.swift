internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

extension WireCodec {
    func letter(_ message: UnsafeMutablePointer<Eventhorizon__V1__DeadLetter>) throws(WireError) -> DeadLetter {
        var letter = DeadLetter(
            place: try place(message.pointee.place, "place"), group: try text(message.pointee.group, "group", atMost: limits.name, "name"),
            reason: try freeText(message.pointee.reason, "reason"), attempts: try small(message.pointee.attempts, "attempts"),
            worker: try identity(message.pointee.worker, "worker"), firstFailedAt: Timestamp(nanoseconds: message.pointee.first_failed_at),
            lastFailedAt: Timestamp(nanoseconds: message.pointee.last_failed_at), stream: nil,
            type: try freeText(message.pointee.type, "type"), record: bytes(message.pointee.record))
        if let stream = message.pointee.stream {
            letter.stream = try inside("stream") { () throws(WireError) in try self.stream(stream.pointee) }
        }
        return letter
    }

    func answer(_ message: UnsafeMutablePointer<Eventhorizon__V1__Answer>) throws(WireError) -> Answer {
        guard let stream = message.pointee.stream else { throw missing("stream") }
        return Answer(
            command: try id(message.pointee.command_id, "command_id"),
            stream: try inside("stream") { () throws(WireError) in try self.stream(stream.pointee) }, outcome: try outcome(message.pointee.outcome),
            place: try place(message.pointee.place, "place"))
    }

    func topology(_ message: UnsafeMutablePointer<Eventhorizon__V1__Topology>) throws(WireError) -> Topology {
        let partitions = try small(message.pointee.partition_count, "partition_count", from: 1)
        guard partitions <= limits.partitions else {
            throw WireError(field: "partition_count", value: "\(partitions)", limit: "at most \(limits.partitions) are read (WireLimits.partitions)")
        }
        var topology = Topology(partitionCount: partitions, incarnations: [:])
        let incarnations = try values(
            message.pointee.incarnations, message.pointee.n_incarnations, "incarnations", atMost: Log.allCases.count, "partitions"
        ) { entry throws(WireError) in (try log(entry.pointee.log, "log"), entry.pointee.incarnation) }
        for (log, incarnation) in incarnations {
            guard topology.incarnations.updateValue(incarnation, forKey: log) == nil else {
                throw WireError(field: "incarnations", value: "twice there for the \(log) log", limit: "each log has one")
            }
        }
        let groups = try values(message.pointee.groups, message.pointee.n_groups, "groups", atMost: limits.groups, "groups") {
            group throws(WireError) in try self.group(group)
        }
        for group in groups {
            guard topology.groups.updateValue(group, forKey: group.name) == nil else {
                throw WireError(field: "groups", value: "twice there for '\(group.name)'", limit: "each name is one group's")
            }
        }
        return topology
    }

    private func group(_ message: UnsafeMutablePointer<Eventhorizon__V1__Topology__Group>) throws(WireError) -> Topology.Group {
        let count = message.pointee.n_categories
        guard count <= limits.categoriesPerGroup else { throw tooMany(count, "categories", limits.categoriesPerGroup, "categoriesPerGroup") }
        var categories: Set<Category> = []
        for index in 0..<count { categories.insert(Category(try name(message.pointee.categories[index], "categories"))) }
        let store = try identity(message.pointee.store, "store")
        return Topology.Group(
            name: try name(message.pointee.name, "name"), log: try log(message.pointee.log, "log"), categories: categories,
            store: store.isEmpty ? nil : store)
    }

    func ownership(_ message: UnsafeMutablePointer<Eventhorizon__V1__Ownership>) throws(WireError) -> OwnershipRecord {
        var record = OwnershipRecord(
            owner: try identity(message.pointee.owner, "owner"), epoch: UInt64(try count(message.pointee.epoch, "epoch")),
            progress: try position(message.pointee.progress, "progress"), incarnation: message.pointee.incarnation,
            attempts: try small(message.pointee.attempts, "attempts"), beat: UInt64(try count(message.pointee.beat, "beat")))
        if message.pointee.trying_presence_case == EVENTHORIZON__V1__OWNERSHIP__TRYING_PRESENCE_TRYING {
            record.trying = try position(message.pointee.trying, "trying")
        }
        return record
    }

    func checkpoint(_ message: UnsafeMutablePointer<Eventhorizon__V1__Checkpoint>) throws(WireError) -> CheckpointRecord {
        var checkpoint = Checkpoint(incarnation: message.pointee.incarnation, position: try position(message.pointee.position, "position"))
        let held = try values(message.pointee.held, message.pointee.n_held, "held", atMost: limits.heldStreams, "heldStreams") {
            entry throws(WireError) in try self.held(entry)
        }
        for (stream, held) in held {
            guard checkpoint.held.updateValue(held, forKey: stream) == nil else {
                throw WireError(field: "held", value: "twice there for '\(stream)'", limit: "each stream is held once")
            }
        }
        return CheckpointRecord(
            projection: try name(message.pointee.projection, "projection"), version: try small(message.pointee.version, "version", from: 1),
            partition: try partition(message.pointee.partition, "partition"),
            checkpoint: checkpoint)
    }

    private func held(_ message: UnsafeMutablePointer<Eventhorizon__V1__Checkpoint__Held>) throws(WireError) -> (StreamID, HeldStream) {
        guard let stream = message.pointee.stream else { throw missing("stream") }
        let held = HeldStream(
            first: try position(message.pointee.first, "first"), last: try position(message.pointee.last, "last"),
            isParked: message.pointee.is_parked != 0)
        guard held.first <= held.last else {
            throw WireError(field: "last", value: "\(held.last)", limit: "at least 'first', which is \(held.first)")
        }
        return (try inside("stream") { () throws(WireError) in try self.stream(stream.pointee) }, held)
    }
}

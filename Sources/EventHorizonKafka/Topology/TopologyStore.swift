#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Glibc

/// The topology record, the last one of its key in a compacted topic. Blocks: for threads of our own.
///
/// It is changed by compare-and-set: whoever wants to change it initialises the application's one transactional id, which fences everybody who did so
/// before, then reads, then writes in a transaction. So the transaction of whoever read before somebody else wrote fails.
struct TopologyStore: Sendable {
    let configuration: KafkaConfiguration
    let names: Names
    let admin: Admin
    let randomness: any Randomness
    static let key = "topology"
    private static let patience: UInt64 = 30_000_000_000

    /// What the topic says.
    struct Content {
        var topology: Topology?
        /// Positions of commands that dead letters refer to without holding them, by partition: nothing from the first on is removed.
        var kept: [Int: Position] = [:]
    }

    /// Records a new application; gives what is recorded already where there is one.
    func create(_ topology: Topology, until deadline: UInt64, isCancelled: () -> Bool) throws -> Topology {
        try change(startsOf: nil, until: deadline, isCancelled: isCancelled) { recorded in recorded ?? topology }
    }

    /// Records a group, and with it, if it is new, where it starts. Another store than the recorded one takes its place if the group has no members,
    /// which is waited for.
    /// - Throws: `Misconfiguration` where it contradicts what is recorded.
    func record(_ group: GroupDeclaration, sessionTimeout: Duration, isCancelled: () -> Bool) throws {
        let session = UInt64(max(0, sessionTimeout.nanoseconds))
        let deadline = MonotonicTime.now &+ session &+ session / 4
        var replaced: String?
        while true {
            var other: String?
            do {
                _ = try change(startsOf: group, until: MonotonicTime.now &+ Self.patience, isCancelled: isCancelled) { recorded in
                    guard var recorded else {
                        throw Misconfiguration(
                            "application '\(names.application)' has lost its topology record: restore the topic '\(names.topology)' from a backup")
                    }
                    other = recorded.otherStore(of: group)
                    _ = try recorded.record(group, replacingStore: replaced)
                    return recorded
                }
                return
            } catch let problem as Misconfiguration {
                guard let other, replaced != other else { throw problem }
                // A member that died without a word is one until its session ends.
                while try admin.memberCount(of: names.group(group.name)) > 0 {
                    guard MonotonicTime.now < deadline, !isCancelled() else { throw problem }
                    usleep(200_000)
                }
                replaced = other
            }
        }
    }

    func read(isCancelled: () -> Bool) throws -> Content {
        var content = Content()
        let codec = WireCodec()
        let end = try admin.bounds(of: names.topology, 0)
        let reading = LogReading(configuration: configuration, group: names.topology)
        let isWhole = try reading.read(names.topology, 0, from: end.lowerBound, to: end.upperBound, isStopped: isCancelled) { message in
            let key = String(decoding: message.key, as: UTF8.self)
            if key == Self.key {
                do {
                    content.topology = try codec.decodeTopology(message.body)
                } catch {
                    throw Misconfiguration(
                        "the topology record of '\(names.application)' cannot be read (\(error)): deploy a newer build, or restore the topic "
                            + "'\(names.topology)'")
                }
            } else if let kept = KeptMark(key: key, value: String(decoding: message.body, as: UTF8.self)) {
                content.kept[kept.partition] = min(content.kept[kept.partition] ?? kept.position, kept.position)
            }
        }
        guard isWhole else { throw BrokerError(.cancelled, "reading the topology was cancelled") }
        return content
    }

    private func change(
        startsOf group: GroupDeclaration?, until deadline: UInt64, isCancelled: () -> Bool, _ body: (Topology?) throws -> Topology
    ) throws -> Topology {
        var failure: KafkaFailure?
        while !isCancelled() {
            do {
                let recorded = try read(isCancelled: isCancelled).topology
                let wanted = try body(recorded)
                if wanted == recorded { return wanted }
                return try write(startsOf: group, isCancelled: isCancelled, body)
            } catch let problem as KafkaFailure {
                failure = problem
            }
            guard MonotonicTime.now < deadline else {
                throw Misconfiguration(
                    "the topology record of '\(names.application)' cannot be written (\(failure?.description ?? "no answer")): look at the topic "
                        + "'\(names.topology)', at the brokers' health and at this client's rights")
            }
            // Two that fence each other meet again at another time.
            usleep(20_000 + UInt32(randomness.next() % 200_000))
        }
        throw BrokerError(.cancelled, "recording the topology was cancelled")
    }

    private func write(startsOf group: GroupDeclaration?, isCancelled: () -> Bool, _ body: (Topology?) throws -> Topology) throws -> Topology {
        let producer = try TransactionalProducer(
            configuration, id: names.topologyTransactionalID, maximumMessage: 1_000_000)
        defer { producer.client.closeLater() }
        try producer.initialise(within: 10_000)
        let recorded = try read(isCancelled: isCancelled).topology
        let wanted = try body(recorded)
        if wanted == recorded { return wanted }
        try producer.begin()
        try producer.produce(to: names.topology, partition: 0, key: Array(Self.key.utf8), value: WireCodec().encode(wanted))
        if let group, recorded?.groups[group.name] == nil {
            let starts = PartitionList()
            for partition in 0..<wanted.partitionCount {
                let bounds = try admin.bounds(of: names.topic(group.log), partition)
                starts.add(names.topic(group.log), partition, offset: group.start == .end ? bounds.upperBound : bounds.lowerBound)
            }
            // A group without members has no generation to be of.
            try producer.send(starts, GroupMetadata(group: names.group(group.name)))
        }
        try producer.commit()
        return wanted
    }
}

/// Says that a dead letter holds only the place of a command, which therefore has to stay.
struct KeptMark {
    var group: String
    var partition: Int
    var position: Position

    init(group: String, partition: Int, position: Position) {
        self.group = group
        self.partition = partition
        self.position = position
    }

    /// Nil for another record's.
    init?(key: String, value: String) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "kept", let partition = Int(parts[1]), let position = UInt64(value) else { return nil }
        self.init(group: parts[2...].joined(separator: "/"), partition: partition, position: Position(position))
    }

    var key: String { "kept/\(partition)/\(group)/\(position)" }
    var value: String { "\(position)" }
}
#endif

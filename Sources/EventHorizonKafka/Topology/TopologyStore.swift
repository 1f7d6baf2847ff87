#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Glibc

/// The topology, in a topic of its own. Blocks: for threads of our own.
///
/// Each record is a whole topology that names the offset of the one it was made from. Of those made from the same one the first counts, and everybody
/// who reads the log in order finds the same: so whoever writes one reads on until there, and knows whether it was accepted.
struct TopologyStore: Sendable {
    let configuration: KafkaConfiguration
    let names: Names
    let admin: Admin
    let randomness: any Randomness
    private static let patience: UInt64 = 30_000_000_000

    /// What the topic says.
    struct Content {
        var topology: Topology?
        /// Where the topology lies; -1 before the first.
        var offset: Int64 = -1
        /// Where groups begin that have no progress yet, by group and partition.
        var starts: [String: [Int64]] = [:]
        /// Positions of commands that dead letters refer to without holding them, by partition: nothing from the first on is removed.
        var kept: [Int: Position] = [:]
    }

    /// Records a new application; gives what is recorded already where there is one.
    func create(_ topology: Topology, until deadline: UInt64, isCancelled: () -> Bool) throws -> Topology {
        let content = try change(startsOf: nil, until: deadline, isCancelled: isCancelled) { recorded in recorded ?? topology }
        return content.topology ?? topology
    }

    /// Records a group and, if it is new, where it begins. Another store than the recorded one takes its place if the group has no members, which is
    /// waited for.
    /// - Returns: Where it begins, by partition.
    /// - Throws: `Misconfiguration` where it contradicts what is recorded.
    func record(_ group: GroupDeclaration, sessionTimeout: Duration, isCancelled: () -> Bool) throws -> [Int64] {
        let session = UInt64(max(0, sessionTimeout.nanoseconds))
        let deadline = MonotonicTime.now &+ session &+ session / 4
        var replaced: String?
        while true {
            var other: String?
            do {
                let content = try change(startsOf: group, until: MonotonicTime.now &+ Self.patience, isCancelled: isCancelled) { recorded in
                    guard var recorded else {
                        throw Misconfiguration(
                            "application '\(names.application)' has lost its topology record: restore the topic '\(names.topology)' from a backup")
                    }
                    other = recorded.otherStore(of: group)
                    _ = try recorded.record(group, replacingStore: replaced)
                    return recorded
                }
                return content.starts[group.name] ?? []
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
            switch TopologyKey(String(decoding: message.key, as: UTF8.self)) {
            case .topology(let after, _):
                guard after == content.offset else { return }
                do {
                    content.topology = try codec.decodeTopology(message.body)
                } catch {
                    throw Misconfiguration(
                        "the topology record of '\(names.application)' cannot be read (\(error)): deploy a newer build, or restore the topic "
                            + "'\(names.topology)'")
                }
                content.offset = message.pointee.offset
            case .starts(let group, _):
                let offsets = String(decoding: message.body, as: UTF8.self).split(separator: ",").compactMap { Int64($0) }
                if content.starts[group] == nil, !offsets.isEmpty { content.starts[group] = offsets }
            case .kept(_, let partition, let position):
                content.kept[partition] = min(content.kept[partition] ?? position, position)
            case nil: break
            }
        }
        guard isWhole else { throw BrokerError(.cancelled, "reading the topology was cancelled") }
        return content
    }

    private func change(
        startsOf group: GroupDeclaration?, until deadline: UInt64, isCancelled: () -> Bool, _ body: (Topology?) throws -> Topology
    ) throws -> Content {
        var failure: KafkaFailure?
        while !isCancelled() {
            do {
                let content = try read(isCancelled: isCancelled)
                let wanted = try body(content.topology)
                if wanted == content.topology { return content }
                if let group, content.topology?.groups[group.name] == nil, content.starts[group.name] == nil {
                    let starts = try starts(of: group, count: wanted.partitionCount)
                    try write(.starts(group: group.name, nonce: randomness.next()), Array(starts.map(String.init).joined(separator: ",").utf8))
                }
                // Read again, whatever became of it: what is accepted by now is what counts.
                try write(.topology(after: content.offset, nonce: randomness.next()), WireCodec().encode(wanted))
                continue
            } catch let problem as KafkaFailure {
                failure = problem
            }
            guard MonotonicTime.now < deadline else {
                throw Misconfiguration(
                    "the topology record of '\(names.application)' cannot be written (\(failure?.description ?? "no answer")): look at the topic "
                        + "'\(names.topology)', at the brokers' health and at this client's rights")
            }
            usleep(100_000)
        }
        throw BrokerError(.cancelled, "recording the topology was cancelled")
    }

    private func starts(of group: GroupDeclaration, count: Int) throws(KafkaFailure) -> [Int64] {
        var starts: [Int64] = []
        for partition in 0..<count {
            let bounds = try admin.bounds(of: names.topic(group.log), partition)
            starts.append(group.start == .end ? bounds.upperBound : bounds.lowerBound)
        }
        return starts
    }

    private func write(_ key: TopologyKey, _ value: [UInt8]) throws(KafkaFailure) {
        let name = Array(key.description.utf8)
        let code = eventhorizon_rdkafka_produce(
            admin.client.handle, admin.client.topic(names.topology), 0, name, name.count, value, value.count, nil, nil)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code) }
        let flushed = rd_kafka_flush(admin.client.handle, 15_000)
        guard flushed == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(flushed) }
    }
}
#endif

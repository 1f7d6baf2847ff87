#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonTesting
import EventHorizonWire
import ServerSupport
import Testing

@testable import EventHorizonKafka

/// What others write, what a replica keeps, what is removed.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct Reading {
    /// Writes a record as another program might: with the headers that it likes, or none.
    private func write(_ body: [UInt8], key: String, partition: Int, _ broker: KafkaBroker) async throws {
        let ready = try await broker.open()
        try await ForeignThread.run {
            let client = ready.admin.client
            let key = Array(key.utf8)
            let code = eventhorizon_rdkafka_produce(
                client.handle, client.topic(ready.names.topic(.commands)), Int32(partition), key, key.count, body, body.count, nil, nil)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code) }
            #expect(rd_kafka_flush(client.handle, 10_000) == RD_KAFKA_RESP_ERR_NO_ERROR)
        }
    }

    @Test func what_another_program_wrote_is_read_for_what_it_is() async throws {
        let broker = try await broker(sharedServer(), partitions: 1)
        let good = command("good")
        try await write(WireCodec().encode(good), key: "good", partition: 0, broker)
        try await write([1, 2, 3], key: "bytes", partition: 0, broker)
        try await write(WireCodec().encode(command("b")), key: "a", partition: 0, broker)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.wait(for: "all three are delivered") { probe.deliveries.count == 3 }
            #expect(probe.commands == [good], "without headers the body says everything")
            for delivery in probe.deliveries.dropFirst() {
                guard case .undecodable(let record, nil, _, let reason) = delivery.content else {
                    Issue.record("it is undecodable: \(delivery)")
                    continue
                }
                #expect(!record.isEmpty && !reason.isEmpty)
            }
        }
    }

    @Test func a_log_is_read_without_a_group_from_where_it_begins_and_for_what_it_is() async throws {
        let broker = try await broker(sharedServer(), partitions: 1)
        let (kept, other) = (command("kept"), command("other"))
        try await write(WireCodec().encode(command("removed")), key: "removed", partition: 0, broker)
        try await write([1, 2, 3], key: "bytes", partition: 0, broker)
        try await write(WireCodec().encode(kept), key: "kept", partition: 0, broker)
        try await write(WireCodec().encode(other), key: "other", partition: 0, broker)
        let ready = try await broker.open()
        try await ForeignThread.run { try ready.admin.deleteRecords(of: ready.names.topic(.commands), before: [0: 1]) }
        func read(_ range: LogRange) async throws -> [LogRecord] {
            var read: [LogRecord] = []
            try await broker.read(range) { records in
                read += records
                return true
            }
            return read
        }
        let all = try await read(LogRange(.commands))
        #expect(all.map(\.command) == [nil, kept, other] && all.map(\.position.rawValue) == [2, 3, 4])
        guard case .undecodable([1, 2, 3], _)? = all.first?.content else { throw SupportError("\(all)") }
        #expect(try await read(LogRange(.commands, after: [0: Position(3)])).map(\.command) == [other])
        // Without headers a record may be any stream's, so that what cannot be read is told whichever is asked for.
        #expect(try await read(LogRange(.commands, streams: [kept.stream])).map(\.command) == [nil, kept])
    }

    @Test func a_command_in_the_wrong_partition_is_delivered_there() async throws {
        let broker = try await broker(sharedServer(), partitions: 4)
        let lost = command("inv-1")
        let right = Partitioner.partition(of: "inv-1", count: 4)
        try await write(WireCodec().encode(lost), key: "inv-1", partition: (right + 1) % 4, broker)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.wait(for: "it is delivered") { !probe.commands.isEmpty }
            // To forward it is the worker's.
            #expect(probe.deliveries[0].partition == (right + 1) % 4)
            var outcome = Outcome()
            let token = probe.token()
            outcome.messages.append(.init(token: token, partition: (right + 1) % 4, envelope: lost))
            probe.submit(outcome)
            try await probe.wait(for: "it is delivered again, where it belongs") { probe.commands.count == 2 }
            #expect(probe.deliveries[1].partition == right && probe.commands[1] == lost)
        }
    }

    @Test func a_replica_goes_on_where_it_was() async throws {
        let folder = try TemporaryFolder("replica")
        var configuration = try await configuration(sharedServer(), partitions: 1)
        configuration.replicaFolder = folder.path
        var stored: [StoredCommit] = []
        for round in 0..<3 {
            let broker = KafkaBroker(configuration, surroundings: surroundings)
            try await broker.withMember(of: handlers()) { member in
                let probe = probe(member)
                try await probe.holdAll()
                let stream = StreamID(invitations, "kept")
                #expect(try await probe.load(stream) == stored)
                let commit = commit(command("kept"), number: round + 1, at: UInt64(round + 1))
                guard case .stored(let position) = try await probe.append(commit, after: stored.last?.position ?? .start) else {
                    Issue.record("the commit of round \(round) is stored")
                    return
                }
                stored.append(StoredCommit(commit: commit, position: position))
            }
            // Of the second round's member the file was another's: everything was read again from the log.
            if round == 1 { configuration.replicaFolder = folder.path + "/other" }
        }
        let ready = try await KafkaBroker(configuration, surroundings: surroundings).open()
        let identity = ReplicaFile.Identity(
            application: configuration.application, group: "invitations", partition: 0, incarnation: ready.incarnation(.events),
            categories: [invitations.description])
        let file = try ReplicaFile.open(folder: folder.path, identity)
        defer { file.close() }
        #expect(file.next == Int64(stored[1].position.rawValue), "the first folder's file stands after the second commit")
    }

    @Test func commands_that_are_settled_are_removed_and_the_group_goes_on() async throws {
        let broker = try await broker(sharedServer(), partitions: 1)
        let count = 1_200
        for case .refused(let reason) in try await broker.publish((0..<count).map { command("a\($0)", $0) }) { Issue.record("\(reason)") }
        let ready = try await broker.open()
        let trimmer = Trimmer(configuration: broker.configuration, ready: ready)
        let topic = ready.names.topic(.commands)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            probe.settlesAtOnce = false
            try await probe.wait(for: "the commands are delivered") { probe.commands.count == count }
            try await ForeignThread.run { trimmer.run([0]) { false } }
            #expect(try await ForeignThread.run { try ready.admin.bounds(of: topic, 0) } == 0..<Int64(count), "nothing is settled yet")
            for delivery in probe.deliveries.dropLast(10) { probe.settle(delivery) }
            probe.submit()
        }
        try await ForeignThread.run { trimmer.run([0]) { false } }
        #expect(try await ForeignThread.run { try ready.admin.bounds(of: topic, 0) } == Int64(count - 10)..<Int64(count))
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.wait(for: "the rest is delivered") { probe.commands.count == 10 }
        }
    }

    @Test func progress_is_stored_though_nothing_comes_after_it() async throws {
        let broker = try await broker(sharedServer(), partitions: 1)
        let ready = try await broker.open()
        let (topic, group) = (ready.names.topic(.commands), ready.names.group("invitations"))
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.holdAll()
            _ = try await broker.publish([command("a")])
            try await probe.wait(for: "the command is delivered") { probe.commands.count == 1 }
            try await ForeignThread.run {
                let deadline = MonotonicTime.now &+ 20_000_000_000
                while try ready.admin.progress(of: group, in: topic, partitionCount: 1) != [0: 1], MonotonicTime.now < deadline {}
                #expect(try ready.admin.progress(of: group, in: topic, partitionCount: 1) == [0: 1])
            }
        }
    }

    @Test func a_partition_that_is_not_taken_from_holds_up_no_other() async throws {
        let broker = try await broker(sharedServer(), partitions: 2)
        func aggregates(of partition: Int, _ count: Int) -> [String] {
            Array((0...).lazy.map { "a\($0)" }.filter { Partitioner.partition(of: $0, count: 2) == partition }.prefix(count))
        }
        // More than the window, what was taken, and the library's own queue together hold.
        let count = MemberCore.deliveryWindow / 2 + ReadAhead(partitionCount: 2).messages * 3
        let (stuck, free) = (aggregates(of: 0, count), aggregates(of: 1, count))
        for case .refused(let reason) in try await broker.publish((stuck + free).map { command($0) }) { Issue.record("\(reason)") }
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            probe.settlesAtOnce = false
            var settled = 0
            try await probe.wait(for: "the free partition is read to its end") {
                for delivery in probe.deliveries[settled...] where delivery.partition == 1 { probe.settle(delivery) }
                settled = probe.deliveries.count
                probe.submit()
                return probe.deliveries.count { $0.partition == 1 } == count
            }
            // The whole window, if it was held alone at first.
            #expect(probe.deliveries.count { $0.partition == 0 } <= MemberCore.deliveryWindow)
            for delivery in probe.deliveries where delivery.partition == 0 { probe.settle(delivery) }
            settled = probe.deliveries.count
            probe.submit()
            try await probe.wait(for: "the other is read on") {
                for delivery in probe.deliveries[settled...] { probe.settle(delivery) }
                settled = probe.deliveries.count
                probe.submit()
                return probe.deliveries.count { $0.partition == 0 } == count
            }
        }
    }
}
#endif

#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonTesting
import EventHorizonWire
import Testing

@testable import EventHorizonKafka

/// Who is fenced, and what is never seen.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct Transactions {
    /// Leaves a commit in an open transaction of one of the partition's ids, as a member that died in the middle of it would.
    private func leaveOpen(_ commit: Commit, _ broker: KafkaBroker, turn: Int = 0) async throws -> TransactionalProducer {
        let ready = try await broker.open()
        let partition = Partitioner.partition(of: commit.stream.aggregate, count: ready.partitionCount)
        let box = try await ForeignThread.run { [configuration = broker.configuration] in
            let id = ready.names.transactionalID(group: "invitations", partition: partition, turn: turn)
            let producer = try TransactionalProducer(configuration, id: id, maximumMessage: 1_000_000)
            try producer.initialise(within: 10_000)
            try producer.begin()
            var buffer = RecordBuffer()
            buffer.add(commit: commit, to: partition, codec: WireCodec())
            _ = try producer.produce(buffer, topics: TopicNames(ready.names)) { false }
            return Box(producer)
        }
        return box.producer
    }

    private struct Box: @unchecked Sendable {
        // Unchecked: handed over from the thread that made it, which is done with it.
        let producer: TransactionalProducer
        init(_ producer: TransactionalProducer) { self.producer = producer }
    }

    @Test(arguments: [0, 1])
    func what_a_dead_owner_left_open_is_ended_by_its_successor_and_never_seen(turn: Int) async throws {
        let broker = try await broker(sharedServer(), partitions: 2)
        let ghost = commit(command("contested"))
        let dead = try await leaveOpen(ghost, broker, turn: turn)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.holdAll()
            #expect(try await probe.load(ghost.stream).isEmpty, "an open transaction's commit is no commit")
            let real = commit(command("contested"))
            #expect(try await probe.append(real, after: .start).place != nil)
        }
        // It finds out when it goes on.
        #expect(throws: KafkaFailure.self) { try dead.commit() }
        try await broker.withMember(of: readers()) { member in
            let probe = probe(member)
            try await probe.wait(for: "the commit is read") { !probe.commits.isEmpty }
            #expect(probe.commits.count == 1 && probe.commits.first != ghost)
        }
    }

    @Test func an_owner_that_is_fenced_stores_nothing_loses_its_partition_and_takes_it_again() async throws {
        let broker = try await broker(sharedServer(), partitions: 1)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.holdAll()
            let first = commit(command("a"))
            #expect(try await probe.append(first, after: .start).place != nil)
            // Somebody else initialises both ids, as a successor would.
            let ghost = commit(command("b"))
            for turn in 0..<2 { try await leaveOpen(ghost, broker, turn: turn).giveUp() }
            var outcome = Outcome()
            let fenced = commit(command("c"))
            let token = probe.token()
            outcome.appends.append(.init(token: token, partition: 0, commit: fenced, previous: .start))
            probe.submit(outcome)
            try await probe.wait(for: "the partition is lost and claimed again") { probe.lost == [0] && probe.held == [0] }
            #expect(probe.answers[token] == nil)
            #expect(probe.claims.count == 2)
            #expect(try await probe.load(fenced.stream).isEmpty)
            #expect(try await probe.load(ghost.stream).isEmpty)
            #expect(try await probe.load(first.stream).map(\.commit) == [first])
            #expect(try await probe.append(fenced, after: .start).place != nil)
        }
    }

    @Test func a_record_that_the_brokers_refuse_is_named_and_the_others_are_stored() async throws {
        let application = newApplication()
        let server = try await sharedServer()
        let broker = broker(server, application: application, partitions: 1)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.holdAll()
            // Smaller than it was when the broker was opened.
            try await setMaximum(30_000, of: "\(application).events", on: broker)
            var outcome = Outcome()
            let (large, small) = (probe.token(), probe.token())
            outcome.appends.append(.init(token: large, partition: 0, commit: commit(command("large"), bytes: 50_000), previous: .start))
            outcome.appends.append(.init(token: small, partition: 0, commit: commit(command("small"), bytes: 1_000), previous: .start))
            probe.submit(outcome)
            try await probe.wait(for: "both are answered") { probe.answers[large] != nil && probe.answers[small] != nil }
            guard case .refused(let reason) = probe.answers[large] else {
                Issue.record("what is too large is refused: \(String(describing: probe.answers[large]))")
                return
            }
            #expect(reason.contains("max.message.bytes"))
            guard case .stored = probe.answers[small] else {
                Issue.record("its neighbour is stored: \(String(describing: probe.answers[small]))")
                return
            }
            #expect(probe.lost.isEmpty)
        }
    }

    private func setMaximum(_ bytes: Int, of topic: String, on broker: KafkaBroker) async throws {
        let ready = try await broker.open()
        try await ForeignThread.run {
            let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
            defer { rd_kafka_ConfigResource_destroy(resource) }
            for (name, value) in [("max.message.bytes", "\(bytes)"), ("retention.ms", "-1")] {
                rd_kafka_ConfigResource_set_config(resource, name, value)
            }
            var resources = [resource]
            let queue = rd_kafka_queue_new(ready.admin.client.handle)
            defer { rd_kafka_queue_destroy(queue) }
            rd_kafka_AlterConfigs(ready.admin.client.handle, &resources, 1, nil, queue)
            let event = rd_kafka_queue_poll(queue, 10_000)
            defer { rd_kafka_event_destroy(event) }
            #expect(rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
        }
    }
}
#endif

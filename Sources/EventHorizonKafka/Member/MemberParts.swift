#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge

/// The clients and threads of a member.
final class MemberParts: Sendable {
    /// The member's place in its group; it reads nothing.
    let membership: Client
    /// Reads the held partitions.
    let reader: Client
    let replica: Replica?
    let records: RecordReader
    let listener: GroupListener
    let bell: Bell
    private let closing = Monitor(false)

    /// For threads that go on beside the member.
    var isClosed: Bool { closing.read { $0 } }

    /// Blocks for so many nanoseconds, or until the member ends.
    func pause(_ nanoseconds: UInt64) { _ = closing.wait(until: MonotonicTime.now &+ nanoseconds) { $0 ? true : nil } }

    init(
        _ configuration: KafkaConfiguration, ready: Ready, group: GroupDeclaration, bell: Bell, _ answer: @escaping @Sendable (Replica.Answer) -> Void
    ) throws {
        listener = GroupListener()
        self.bell = bell
        let name = ready.names.group(group.name)
        replica = group.log == .commands ? try Replica(folder: configuration.replicaFolder, answer) : nil
        records = RecordReader(configuration, ready: ready, group: name, answer)
        do {
            membership = try Client(.consumer, .membership(configuration, group: name, sessionTimeout: ready.sessionTimeout), delegate: listener)
            reader = try Client(
                .consumer, .reader(configuration, group: name, ahead: ReadAhead(partitionCount: ready.partitionCount)), delegate: listener)
        } catch {
            replica?.stop()
            throw error
        }
        for client in [membership, reader] {
            let queue = rd_kafka_queue_get_consumer(client.handle)
            var byte: UInt8 = 1
            rd_kafka_queue_io_event_enable(queue, bell.in, &byte, 1)
            rd_kafka_queue_destroy(queue)
        }
    }

    /// Leaves the group. Blocks until that is said, or can be only when a rebalance that is under way has heard of those who do not answer.
    func close() {
        closing.change { $0 = true }
        for client in [membership, reader] {
            let queue = rd_kafka_queue_get_consumer(client.handle)
            rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
            rd_kafka_queue_destroy(queue)
        }
        listener.close()
        // A broker reads that a member leaves only after what it still owes it, the end of the rebalance. Nothing is held, so that goes on by itself.
        let hasClosed = Monitor(false)
        ForeignThread.start { [membership] in
            rd_kafka_consumer_close(membership.handle)
            hasClosed.change { $0 = true }
        }
        _ = hasClosed.wait(until: MonotonicTime.now &+ 1_000_000_000) { $0 ? true : nil }
        // Both handles go with their last user. Not this one, though, if it has joined and was never assigned anything: librdkafka 2.0.2 ends the process
        // when such a consumer is destroyed.
        if !listener.wasRebalanced { membership.abandon() }
        records.stop()
        replica?.stop()
    }
}
#endif

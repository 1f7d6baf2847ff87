#if Kafka
import CRDKafka

/// What was fetched of one partition and not taken: librdkafka's own queue of it, kept apart from those of the other partitions, so that one that is
/// not taken from holds up no other.
///
/// It is bounded by the client's settings. What is not taken from goes on to be known as read, so nothing is ever fetched twice, as it would be after a
/// pause. Ends with `close`.
struct PartitionQueue {
    private let queue: OpaquePointer
    private var scratch: [UnsafeMutablePointer<rd_kafka_message_t>?]
    /// Taken with one call.
    private static let batch = 128

    /// Before the partition is assigned, or it feeds the queue of all.
    /// - Parameter bell: Is rung when something lies in the queue that was empty.
    init?(of client: Client, _ topic: String, _ partition: Int, bell: Bell) {
        guard let queue = rd_kafka_queue_get_partition(client.handle, topic, Int32(partition)) else { return nil }
        self.queue = queue
        scratch = Array(repeating: nil, count: Self.batch)
        rd_kafka_queue_forward(queue, nil)
        var byte: UInt8 = 1
        rd_kafka_queue_io_event_enable(queue, bell.in, &byte, 1)
    }

    /// Appends messages in order, errors among them, which are the caller's then; never waits.
    mutating func take(into messages: inout [UnsafeMutablePointer<rd_kafka_message_t>]) {
        let queue = queue
        let count = scratch.withUnsafeMutableBufferPointer { rd_kafka_consume_batch_queue(queue, 0, $0.baseAddress, $0.count) }
        for index in 0..<max(0, count) { messages.append(scratch[index]!) }
    }

    /// After the partition is assigned no more.
    mutating func close() {
        rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
        var rest: [UnsafeMutablePointer<rd_kafka_message_t>] = []
        repeat {
            for message in rest { rd_kafka_message_destroy(message) }
            rest.removeAll(keepingCapacity: true)
            take(into: &rest)
        } while !rest.isEmpty
        rd_kafka_queue_destroy(queue)
    }
}
#endif

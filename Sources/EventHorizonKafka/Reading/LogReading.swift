#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge

/// Reads stretches of partitions, as a reader of committed records sees them. Blocks: for threads of our own, one at a time.
final class LogReading: @unchecked Sendable {
    // Unchecked: used by one thread at a time, as it says above.
    private let configuration: KafkaConfiguration
    private let group: String
    /// Made for the first stretch that is not empty, and used for the next.
    private var client: Client?

    /// - Parameter group: whose name the client bears.
    init(configuration: KafkaConfiguration, group: String) {
        self.configuration = configuration
        self.group = group
    }

    /// Reads from one offset up to another, which waits for what other transactions leave open below that.
    /// - Parameters:
    ///   - isStopped: Looked at between records.
    ///   - body: Takes each record; the message is valid inside of it only.
    /// - Returns: False when it was stopped.
    /// - Throws: `KafkaFailure` where the partition cannot be read, or what `body` throws.
    func read(
        _ topic: String, _ partition: Int, from start: Int64, to end: Int64, isStopped: () -> Bool,
        _ body: (UnsafeMutablePointer<rd_kafka_message_t>) throws -> Void
    ) throws -> Bool {
        guard start < end else { return !isStopped() }
        let client = try client ?? Client(.consumer, .catchingUp(configuration, group: group))
        self.client = client
        let list = PartitionList()
        list.add(topic, partition, offset: start)
        let code = list.with { rd_kafka_assign(client.handle, $0) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code) }
        // Between stretches nothing is fetched.
        defer { _ = rd_kafka_assign(client.handle, nil) }
        while !isStopped() {
            guard let message = rd_kafka_consumer_poll(client.handle, 100) else { continue }
            defer { rd_kafka_message_destroy(message) }
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                if message.pointee.offset < end { try body(message) }
                // Nothing but what was written later is left.
                if message.pointee.offset >= end - 1 { return true }
            case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                if message.pointee.offset >= end { return true }
            case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
                throw KafkaFailure(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, "\(topic) has no offset \(start) in partition \(partition)")
            case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: throw KafkaFailure(message.pointee.err)
            // A broker that is away is waited for.
            default: continue
            }
        }
        return false
    }
}
#endif

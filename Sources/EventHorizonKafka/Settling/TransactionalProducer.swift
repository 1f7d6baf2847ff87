#if Kafka
import CRDKafka
import EventHorizonBridge

/// A producer with a transactional id, used by one thread: every call blocks.
///
/// A call that was not answered in time is made again until `isStopped`: librdkafka goes on with the same one. What is thrown says whether an abort is
/// still possible (`requiresAbort`); after anything else nobody knows what became of the transaction, and the producer must go.
final class TransactionalProducer {
    /// Where records came to lie, by the number that they were produced with.
    private final class Reports: ClientDelegate, @unchecked Sendable {
        // Unchecked: reports are served by the thread that flushes.
        var offsets: [Int64] = []
        var failure: KafkaFailure?

        override func delivered(_ message: UnsafePointer<rd_kafka_message_t>) {
            let number = Int(bitPattern: message.pointee._private) - 1
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                if offsets.indices.contains(number) { offsets[number] = message.pointee.offset }
            } else if failure == nil {
                failure = KafkaFailure(message.pointee.err)
                failure?.record = number >= 0 ? number : nil
            }
        }
    }

    let client: Client
    private let reports = Reports()
    /// In milliseconds, of one attempt.
    private static let attempt: Int32 = 1_000

    init(_ configuration: KafkaConfiguration, id: String, maximumMessage: Int) throws {
        client = try Client(.producer, .transactional(configuration, id: id, maximumMessage: maximumMessage), delegate: reports)
    }

    /// Ends what anybody who had this id before left open, and fences them.
    /// - Parameter limit: In milliseconds.
    func initialise(within limit: Int, isStopped: () -> Bool = { false }) throws(KafkaFailure) {
        let deadline = MonotonicTime.now &+ UInt64(limit) * 1_000_000
        while true {
            guard let failure = KafkaFailure(rd_kafka_init_transactions(client.handle, Self.attempt)) else { return }
            guard failure.isRetriable, MonotonicTime.now < deadline, !isStopped() else { throw failure }
        }
    }

    func begin() throws(KafkaFailure) {
        reports.offsets.removeAll(keepingCapacity: true)
        reports.failure = nil
        if let failure = KafkaFailure(rd_kafka_begin_transaction(client.handle)) { throw failure }
    }

    /// For a single record, without headers.
    func produce(to topic: String, partition: Int, key: [UInt8], value: [UInt8]) throws(KafkaFailure) {
        let code = eventhorizon_rdkafka_produce(
            client.handle, client.topic(topic), Int32(partition), key, key.count, value, value.count, nil, nil)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code) }
    }

    /// Produces every record, in order, and waits until each is answered.
    /// - Returns: Their offsets, in the same order.
    func produce(_ records: RecordBuffer, topics: TopicNames, isStopped: () -> Bool) throws(KafkaFailure) -> [Int64] {
        reports.offsets = Array(repeating: -1, count: records.records.count)
        let handles = topics.handles(of: client)
        for (number, record) in records.records.enumerated() {
            while true {
                let code = records.produce(record, with: client.handle, to: handles[Int(record.topic.rawValue)], number: number + 1)
                if code == RD_KAFKA_RESP_ERR_NO_ERROR { break }
                guard code == RD_KAFKA_RESP_ERR__QUEUE_FULL, !isStopped() else {
                    var failure = KafkaFailure(code)
                    failure.requiresAbort = true
                    failure.record = number
                    throw failure
                }
                rd_kafka_flush(client.handle, 100)
            }
        }
        try flush(isStopped)
        return reports.offsets
    }

    /// Waits until every record is answered, for better or worse.
    private func flush(_ isStopped: () -> Bool) throws(KafkaFailure) {
        while rd_kafka_flush(client.handle, Self.attempt) != RD_KAFKA_RESP_ERR_NO_ERROR {
            if isStopped() { throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        }
        // flush says nothing of these.
        if let fatal = client.fatalError { throw fatal }
        if var failure = reports.failure {
            failure.requiresAbort = true
            throw failure
        }
    }

    func send(_ offsets: PartitionList, _ metadata: GroupMetadata) throws(KafkaFailure) {
        // In one attempt, which the library ends with the transaction's own time: of two requests under way the second would outlive the transaction.
        let error = offsets.with { offsets in
            metadata.with { rd_kafka_send_offsets_to_transaction(client.handle, offsets, $0, -1) }
        }
        if var failure = KafkaFailure(error) {
            if failure.isRetriable { failure.requiresAbort = true }
            throw failure
        }
    }

    func commit(isStopped: () -> Bool = { false }) throws(KafkaFailure) {
        while true {
            guard let failure = KafkaFailure(rd_kafka_commit_transaction(client.handle, Self.attempt)) else { return }
            guard failure.isRetriable, !isStopped() else { throw failure }
        }
    }

    /// Nothing of the transaction is ever visible then.
    func abort(isStopped: () -> Bool) throws(KafkaFailure) {
        // An abort straight after a produce ends in a fatal state now and then; after a flush never.
        while rd_kafka_flush(client.handle, Self.attempt) != RD_KAFKA_RESP_ERR_NO_ERROR, !isStopped() {}
        while true {
            guard let failure = KafkaFailure(rd_kafka_abort_transaction(client.handle, Self.attempt)) else { return }
            guard failure.isRetriable, !isStopped() else { throw failure }
        }
    }
}
#endif

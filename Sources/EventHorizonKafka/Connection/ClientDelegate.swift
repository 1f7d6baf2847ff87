#if Kafka
import CRDKafka

/// What a client calls back: on the thread that polls it, except `failed`, which a thread of librdkafka's may call as well.
class ClientDelegate: @unchecked Sendable {
    // Unchecked: each subclass says who touches what.
    func failed(_ failure: KafkaFailure) {}
    func rebalanced(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) {}
    func delivered(_ message: UnsafePointer<rd_kafka_message_t>) {}

    fileprivate static func of(_ opaque: UnsafeMutableRawPointer?) -> ClientDelegate? {
        opaque.map { Unmanaged<ClientDelegate>.fromOpaque($0).takeUnretainedValue() }
    }
}

// File-level functions, so that no isolation is inferred for what foreign threads call.
func clientFailed(_ client: OpaquePointer?, _ code: Int32, _ reason: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?) {
    var failure = KafkaFailure(rd_kafka_resp_err_t(rawValue: code), reason.map { String(cString: $0) })
    if failure.code == RD_KAFKA_RESP_ERR__FATAL, let client {
        var text = [CChar](repeating: 0, count: 512)
        failure.code = rd_kafka_fatal_error(client, &text, text.count)
        failure.text = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        failure.isFatal = true
    }
    ClientDelegate.of(opaque)?.failed(failure)
}

func clientRebalanced(
    _ client: OpaquePointer?, _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
    _ opaque: UnsafeMutableRawPointer?
) {
    if let client, let partitions { ClientDelegate.of(opaque)?.rebalanced(client, code, partitions) }
}

func clientDelivered(_ client: OpaquePointer?, _ message: UnsafePointer<rd_kafka_message_t>?, _ opaque: UnsafeMutableRawPointer?) {
    if let message { ClientDelegate.of(opaque)?.delivered(message) }
}

/// What matters is told by errors and events; librdkafka would write the rest to standard error.
func clientLogged(_ client: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?) {}
#endif

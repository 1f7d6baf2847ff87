#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import Synchronization

/// A handle of librdkafka's: a producer or a consumer with its own threads and connections.
///
/// Closed by `close`, which blocks, or with the last reference, on a thread of its own.
final class Client: @unchecked Sendable {
    // Unchecked: librdkafka's handles may be used from any thread, until they are destroyed, which happens once, under the lock.
    enum Kind { case producer, consumer }

    private struct State {
        var handle: OpaquePointer?
        var topics: [String: OpaquePointer] = [:]
    }
    private struct Handle: @unchecked Sendable { let state: State }
    let handle: OpaquePointer
    private let state: Mutex<Handle>
    private let delegate: ClientDelegate?

    /// - Throws: `Misconfiguration` for a setting that librdkafka does not take.
    init(_ kind: Kind, _ settings: ClientSettings, delegate: ClientDelegate? = nil) throws {
        let configuration = rd_kafka_conf_new()!
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in settings.values {
            if rd_kafka_conf_set(configuration, name, value, &text, text.count) != RD_KAFKA_CONF_OK {
                rd_kafka_conf_destroy(configuration)
                throw Misconfiguration("librdkafka does not take \(name): \(text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })")
            }
        }
        rd_kafka_conf_set_log_cb(configuration, clientLogged)
        self.delegate = delegate
        if let delegate {
            rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(delegate).toOpaque())
            rd_kafka_conf_set_error_cb(configuration, clientFailed)
            if kind == .producer { rd_kafka_conf_set_dr_msg_cb(configuration, clientDelivered) }
            if kind == .consumer, settings.watchesGroup { rd_kafka_conf_set_rebalance_cb(configuration, clientRebalanced) }
        }
        let made = rd_kafka_new(kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, configuration, &text, text.count)
        guard let made else {
            rd_kafka_conf_destroy(configuration)
            let reason = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            throw Misconfiguration("no Kafka client can be made: \(reason): look at the TLS files and the credentials")
        }
        handle = made
        state = Mutex(Handle(state: State(handle: made)))
        if kind == .consumer { rd_kafka_poll_set_consumer(made) }
    }

    deinit {
        guard let state = take() else { return }
        // The delegate lives until the handle is gone.
        ForeignThread.start { [delegate] in withExtendedLifetime(delegate) { Self.destroy(state) } }
    }

    /// Ends the handle. Blocks until its threads have ended. Nothing may use it any more.
    func close() {
        if let state = take() { Self.destroy(state) }
    }

    /// Ends the handle without waiting.
    func closeLater() {
        if let state = take() { ForeignThread.start { [self] in withExtendedLifetime(self) { Self.destroy(state) } } }
    }

    /// Leaves the handle as it is, threads and all, for as long as the process lives.
    func abandon() {
        if take() != nil { _ = Unmanaged.passRetained(self) }
    }

    private func take() -> Handle? {
        state.withLock { state in
            guard state.state.handle != nil else { return nil }
            defer { state = Handle(state: State()) }
            return state
        }
    }

    private static func destroy(_ taken: Handle) {
        for topic in taken.state.topics.values { rd_kafka_topic_destroy(topic) }
        rd_kafka_destroy(taken.state.handle)
    }

    /// The handle of a topic, which a record is produced to.
    func topic(_ name: String) -> OpaquePointer? {
        state.withLock { state in
            guard let handle = state.state.handle else { return nil }
            if let known = state.state.topics[name] { return known }
            let made = rd_kafka_topic_new(handle, name, nil)
            var changed = state.state
            changed.topics[name] = made
            state = Handle(state: changed)
            return made
        }
    }

    /// Has a consumer's threads look at once which partitions there is room to fetch more of. By itself librdkafka 2.0.2 looks again up to a second
    /// after a queue was full (`fetch.queue.backoff.ms` came later). Saying the credentials once more is the one call that wakes them and changes nothing.
    func fetchOn(_ configuration: KafkaConfiguration) {
        if let error = rd_kafka_sasl_set_credentials(handle, configuration.user ?? "", configuration.password ?? "") { rd_kafka_error_destroy(error) }
    }

    /// The error after which nothing succeeds any more, if there was one.
    var fatalError: KafkaFailure? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(handle, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        var failure = KafkaFailure(code, text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        failure.isFatal = true
        return failure
    }
}
#endif

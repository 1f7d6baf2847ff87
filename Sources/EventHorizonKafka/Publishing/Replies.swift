#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Synchronization

/// Reads the answers to this broker's requests: those in one partition of the replies whose key begins with this reader's name. Lives until `close`.
final class Replies: Sendable {
    private enum Waiting {
        case open
        case waits(UnsafeContinuation<Answer, any Error>, due: UInt64)
        case has(Answer)
    }
    private struct State {
        var waiting: [String: Waiting] = [:]
        var last = 0
    }
    private let name: String
    private let partition: Int
    private let state = Mutex(State())
    private let isEnding = Monitor(false)

    private init(name: String, partition: Int) {
        self.name = name
        self.partition = partition
    }

    /// Blocks until the place to read from is known.
    static func start(_ configuration: KafkaConfiguration, ready: Ready, name: String) throws -> Replies {
        let partition = Partitioner.partition(of: name, count: ready.partitionCount)
        let topic = ready.names.replies
        let end: Int64
        do {
            end = try ready.admin.bounds(of: topic, partition).upperBound
        } catch {
            throw BrokerError(.unavailable, "the end of the topic '\(topic)' is not known", cause: error, isRetriable: true)
        }
        let client = try Client(
            .consumer, .reader(configuration, group: ready.names.group("replies-\(name)"), ahead: ReadAhead(partitionCount: 1)))
        let list = PartitionList()
        list.add(topic, partition, offset: end)
        let code = list.with { rd_kafka_assign(client.handle, $0) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            client.closeLater()
            throw BrokerError(.unavailable, "the topic '\(topic)' cannot be read: \(KafkaFailure(code))", isRetriable: true)
        }
        let replies = Replies(name: name, partition: partition)
        ForeignThread.start { replies.run(client, topic) }
        return replies
    }

    func close() { isEnding.change { $0 = true } }

    // MARK: Requests

    /// An address for one answer, until it is forgotten.
    func open() -> ReplyAddress {
        state.withLock { state in
            state.last += 1
            let key = "\(name)/\(state.last)"
            state.waiting[key] = .open
            return ReplyAddress(partition: partition, key: key)
        }
    }

    func forget(_ address: ReplyAddress) { end(address.key, with: Publisher.cancelled) }

    /// - Parameter due: Nanoseconds of `MonotonicTime`.
    func answer(to address: ReplyAddress, due: UInt64) async throws -> Answer {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let result = state.withLock { state -> Swift.Result<Answer, any Error>? in
                    switch state.waiting[address.key] {
                    case .has(let answer): return .success(answer)
                    case .open where !Task.isCancelled:
                        state.waiting[address.key] = .waits(continuation, due: due)
                        return nil
                    case .open, .waits, nil: return .failure(Publisher.cancelled)
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            end(address.key, with: Publisher.cancelled)
        }
    }

    private func end(_ key: String, with error: BrokerError) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: key) }
        if case .waits(let continuation, _)? = waiting { continuation.resume(throwing: error) }
    }

    // MARK: The thread

    private func run(_ client: Client, _ topic: String) {
        let codec = WireCodec()
        var looked: UInt64 = 0
        while !isEnding.read({ $0 }) {
            if let message = rd_kafka_consumer_poll(client.handle, 20) {
                take(message, codec)
                restartIfLost(message, client, topic)
                rd_kafka_message_destroy(message)
            }
            let now = MonotonicTime.now
            if now &- looked > 10_000_000 {
                looked = now
                endLate(now)
            }
        }
        client.close()
    }

    /// The place that was read from has gone with its age: what comes from now on is read.
    private func restartIfLost(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ client: Client, _ topic: String) {
        guard message.pointee.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET else { return }
        let list = PartitionList()
        list.add(topic, partition, offset: Int64(RD_KAFKA_OFFSET_END))
        _ = list.with { rd_kafka_assign(client.handle, $0) }
    }

    private func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ codec: WireCodec) {
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        let key = String(decoding: message.key, as: UTF8.self)
        // Others read the same partition, and whoever knows the key can write: what is no answer is passed over.
        guard state.withLock({ $0.waiting[key] != nil }), let answer = try? codec.decodeAnswer(message.body) else { return }
        let waiter = state.withLock { state -> UnsafeContinuation<Answer, any Error>? in
            switch state.waiting[key] {
            case .open:
                state.waiting[key] = .has(answer)
                return nil
            case .waits(let continuation, _):
                state.waiting[key] = nil
                return continuation
            case .has, nil: return nil
            }
        }
        waiter?.resume(returning: answer)
    }

    private func endLate(_ now: UInt64) {
        let late = state.withLock { state -> [UnsafeContinuation<Answer, any Error>] in
            var late: [UnsafeContinuation<Answer, any Error>] = []
            for (key, waiting) in state.waiting {
                guard case .waits(let continuation, let due) = waiting, due <= now else { continue }
                late.append(continuation)
                state.waiting[key] = nil
            }
            return late
        }
        for continuation in late {
            continuation.resume(throwing: BrokerError(.deadlineExceeded, "no answer came within the time limit", isRetriable: true))
        }
    }
}
#endif

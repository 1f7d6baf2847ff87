#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Glibc
import Synchronization

/// Publishes commands and answers through an idempotent producer, whose delivery reports a thread of its own takes in.
final class Publisher: ClientDelegate, @unchecked Sendable {
    // Unchecked: what changes lies under the lock.

    /// One call of `publish`.
    final class Call: @unchecked Sendable {
        // Unchecked: only touched under the publisher's lock.
        var results: [PublishResult?]
        var left: Int
        var continuation: UnsafeContinuation<[PublishResult], any Error>?
        var isCancelled = false
        init(count: Int) {
            results = Array(repeating: nil, count: count)
            left = count
        }
    }

    /// A command of a call. A reference: it is handed on from lane to lane, and an envelope is large.
    private final class Entry: @unchecked Sendable {
        // Unchecked: never changed.
        let call: Call
        let index: Int
        let command: Envelope
        init(call: Call, index: Int, command: Envelope) {
            self.call = call
            self.index = index
            self.command = command
        }
    }

    private struct State {
        var lanes = CommandLanes<Entry>(window: 10_000)
        var inFlight: [Int: (stream: StreamID, entry: Entry)] = [:]
        var lastNumber = 0
        var buffer = RecordBuffer()
        let codec = WireCodec()
        var finished: [(UnsafeContinuation<[PublishResult], any Error>, Swift.Result<[PublishResult], any Error>)] = []
        var isClosed = false
        /// The queue of the library was full: sent again when reports have come.
        var isFull = false
        var failure: KafkaFailure?
    }
    private struct Guarded: @unchecked Sendable { var state = State() }

    private let configuration: KafkaConfiguration
    private let ready: Ready
    private let state = Mutex(Guarded())
    private let client: Mutex<Client?>
    private let isEnding = Monitor(false)
    private let topics: TopicNames
    /// In bytes.
    private let limit: Int

    private init(_ configuration: KafkaConfiguration, ready: Ready) {
        self.configuration = configuration
        self.ready = ready
        client = Mutex(nil)
        topics = TopicNames(ready.names)
        limit = max(1, ready.maximumRecordSize - 65_536)
    }

    /// Lives until `close`.
    static func start(_ configuration: KafkaConfiguration, ready: Ready) throws -> Publisher {
        let publisher = Publisher(configuration, ready: ready)
        try publisher.connect()
        ForeignThread.start { publisher.run() }
        return publisher
    }

    private func connect() throws {
        let made = try Client(.producer, .publisher(configuration, maximumMessage: ready.maximumMessage), delegate: self)
        client.withLock { $0 = made }
    }

    func close() { isEnding.change { $0 = true } }

    /// Blocks until everything that was sent is answered, or for `limit` nanoseconds.
    func settle(within limit: UInt64) {
        guard let client = client.withLock({ $0 }) else { return }
        let deadline = MonotonicTime.now &+ limit
        while rd_kafka_outq_len(client.handle) > 0, MonotonicTime.now < deadline { usleep(1_000) }
    }

    // MARK: Callers

    func publish(_ commands: [Envelope]) async throws -> [PublishResult] {
        if commands.isEmpty { return [] }
        let call = Call(count: commands.count)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                change { state in
                    if call.isCancelled {
                        state.finished.append((continuation, .failure(Self.cancelled)))
                        return
                    }
                    call.continuation = continuation
                    for index in commands.indices {
                        state.lanes.add(Entry(call: call, index: index, command: commands[index]), to: commands[index].stream)
                    }
                }
            }
        } onCancel: {
            change { state in
                call.isCancelled = true
                guard let continuation = call.continuation.take() else { return }
                state.finished.append((continuation, .failure(Self.cancelled)))
            }
        }
    }

    static var cancelled: BrokerError {
        BrokerError(.cancelled, "publishing was cancelled: what was not answered may be stored all the same", isRetriable: true)
    }

    /// Fire and forget; what names no place of the replies is dropped, because whoever sent the command chose it.
    func send(_ replies: [(to: String, answer: Answer)]) {
        change { state in
            state.buffer.removeAll()
            for reply in replies {
                guard let address = ReplyAddress(reply.to, partitionCount: ready.partitionCount) else { continue }
                state.buffer.add(answer: reply.answer, to: address, codec: state.codec)
                if state.buffer.lastSize > ready.maximumRecordSize { state.buffer.removeLast() }
            }
            guard let client = client.withLock({ $0 }) else { return }
            let handles = topics.handles(of: client)
            for record in state.buffer.records {
                _ = state.buffer.produce(record, with: client.handle, to: handles[Int(record.topic.rawValue)], number: 0)
            }
        }
    }

    // MARK: The lock

    /// Changes the state, sends what may be sent, and resumes outside the lock whoever has finished.
    private func change(_ body: (inout State) -> Void) {
        let finished = state.withLock { guarded in
            body(&guarded.state)
            sendReady(&guarded.state)
            defer { guarded.state.finished = [] }
            return guarded.state.finished
        }
        for (continuation, result) in finished { continuation.resume(with: result) }
    }

    private func sendReady(_ state: inout State) {
        guard !state.isFull, let client = client.withLock({ $0 }) else { return }
        let topic = client.topic(ready.names.topic(.commands))
        while !state.isFull, let (stream, entry) = state.lanes.popNext() { send(stream, entry, client, topic, &state) }
    }

    private func send(_ stream: StreamID, _ entry: Entry, _ client: Client, _ topic: OpaquePointer?, _ state: inout State) {
        if entry.call.isCancelled { return state.lanes.finished(stream) }
        if let reason = encode(entry.command, &state) { return finish(stream, entry, .refused(reason: reason), &state) }
        state.lastNumber += 1
        let code = state.buffer.produce(state.buffer.records[0], with: client.handle, to: topic, number: state.lastNumber)
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR: state.inFlight[state.lastNumber] = (stream, entry)
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: finish(stream, entry, .refused(reason: tooLarge(entry.command, state.buffer.lastSize)), &state)
        case RD_KAFKA_RESP_ERR__QUEUE_FULL:
            state.lanes.returned(stream, entry)
            state.isFull = true
        // The polling thread finds the producer dead and sends this with another.
        case RD_KAFKA_RESP_ERR__FATAL: state.inFlight[state.lastNumber] = (stream, entry)
        default: fail(stream, entry, KafkaFailure(code), &state)
        }
    }

    /// Why the command cannot be published; nil when it lies in the buffer.
    private func encode(_ command: Envelope, _ state: inout State) -> String? {
        state.buffer.removeAll()
        let partition = Partitioner.partition(of: command.stream.aggregate, count: ready.partitionCount)
        do { try state.buffer.add(checked: command, to: partition, codec: state.codec) } catch { return error.description }
        return state.buffer.lastSize <= limit ? nil : tooLarge(command, state.buffer.lastSize)
    }

    private func tooLarge(_ command: Envelope, _ size: Int) -> String {
        "the command '\(command.payload.name)' for '\(command.stream)' takes \(size) bytes, more than \(limit): send less, or raise max.message.bytes of "
            + "the application's topics"
    }

    private func finish(_ stream: StreamID, _ entry: Entry, _ result: PublishResult, _ state: inout State) {
        state.lanes.finished(stream)
        entry.call.results[entry.index] = result
        entry.call.left -= 1
        guard entry.call.left == 0, let continuation = entry.call.continuation.take() else { return }
        state.finished.append((continuation, .success(entry.call.results.map { $0! })))
    }

    private func fail(_ stream: StreamID, _ entry: Entry, _ failure: KafkaFailure, _ state: inout State) {
        state.lanes.finished(stream)
        guard let continuation = entry.call.continuation.take() else { return }
        entry.call.isCancelled = true
        let error = BrokerError(
            failure.isRefusal ? .refused : .unavailable, "the commands topic takes nothing from this client: \(failure)", cause: nil,
            isRetriable: !failure.isRefusal)
        state.finished.append((continuation, .failure(error)))
    }

    // MARK: The polling thread

    private func run() {
        while !isEnding.read({ $0 }), let client = client.withLock({ $0 }) {
            rd_kafka_poll(client.handle, 100)
            takeReports()
            if client.fatalError != nil { replace(client) }
        }
        client.withLock { $0.take() }?.close()
    }

    /// The library has given this producer up. What it left unanswered is sent again: who handles it recognises what was stored before.
    private func replace(_ old: Client) {
        old.closeLater()
        takeReports()
        guard (try? connect()) != nil else { return }
        change { state in
            let unanswered = state.inFlight.sorted { $0.key < $1.key }.map(\.value)
            state.inFlight.removeAll()
            state.isFull = false
            guard let client = client.withLock({ $0 }) else { return }
            let topic = client.topic(ready.names.topic(.commands))
            for (stream, entry) in unanswered { send(stream, entry, client, topic, &state) }
        }
    }

    /// Gathered while the thread polls: reports come one by one, and are taken in together.
    private var reports: [(number: Int, offset: Int64, code: rd_kafka_resp_err_t)] = []

    override func delivered(_ message: UnsafePointer<rd_kafka_message_t>) {
        let number = Int(bitPattern: message.pointee._private)
        if number > 0 { reports.append((number, message.pointee.offset, message.pointee.err)) }
    }

    private func takeReports() {
        if reports.isEmpty { return }
        let taken = reports
        reports.removeAll(keepingCapacity: true)
        change { state in
            state.isFull = false
            for report in taken {
                switch report.code {
                // Of a producer that was given up: sent again with the next.
                case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT: continue
                default: break
                }
                guard let (stream, entry) = state.inFlight.removeValue(forKey: report.number) else { continue }
                switch report.code {
                case RD_KAFKA_RESP_ERR_NO_ERROR: finish(stream, entry, .stored(Position(UInt64(report.offset + 1))), &state)
                case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD:
                    finish(
                        stream, entry,
                        .refused(
                            reason: "the brokers refuse the command '\(entry.command.payload.name)' for '\(entry.command.stream)' "
                                + "(\(KafkaFailure(report.code))): send less, or raise max.message.bytes of the application's topics"), &state)
                default: fail(stream, entry, KafkaFailure(report.code), &state)
                }
            }
        }
    }
}
#endif

#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonHistory
import Glibc
import ServerSupport

/// The topics of an application: read by partition, without a group. A position is an offset and one.
struct KafkaLogs: RunLogs {
    let application: String
    /// `host:port`
    let server: String
    let partitionCount: Int
    var haveTransactions: Bool { true }

    private static let waitLimit = Duration.seconds(30)

    private func topic(_ log: Log) -> String {
        switch log {
        case .commands: "\(application).commands"
        case .events: "\(application).events"
        case .deadLetters: "\(application).deadletters"
        }
    }

    /// Control records and what is not committed yet included.
    func ends(of log: Log) throws -> [Int: Position] { try bounds(of: log).mapValues { Position(UInt64($0.upperBound)) } }

    private func bounds(of log: Log) throws -> [Int: Range<Int64>] {
        let handle = try KafkaHandle(.consumer, settings(committedOnly: false))
        var found: [Int: Range<Int64>] = [:]
        for partition in 0..<partitionCount {
            var (low, high): (Int64, Int64) = (0, 0)
            let code = rd_kafka_query_watermark_offsets(handle.pointer, topic(log), Int32(partition), &low, &high, 5_000)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaHandle.failure(code, "the ends of \(topic(log)) are not known") }
            found[partition] = low..<high
        }
        return found
    }

    private func settings(committedOnly: Bool) -> [(String, String)] {
        [
            ("bootstrap.servers", server), ("client.id", "eventhorizon-faults"), ("group.id", "eventhorizon-faults-reader"),
            ("enable.auto.commit", "false"), ("isolation.level", committedOnly ? "read_committed" : "read_uncommitted"),
            ("enable.partition.eof", "true"), ("auto.offset.reset", "earliest"), ("fetch.wait.max.ms", "50"), ("reconnect.backoff.max.ms", "500"),
        ]
    }

    func follow(_ log: Log, after positions: [Int: Position], _ body: (LogStep) -> Bool) throws {
        try read(log, after: positions, committedOnly: true, body)
    }

    private func read(_ log: Log, after positions: [Int: Position], committedOnly: Bool, _ body: (LogStep) -> Bool) throws {
        let handle = try KafkaHandle(.consumer, settings(committedOnly: committedOnly))
        let list = rd_kafka_topic_partition_list_new(Int32(partitionCount))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        var next: [Int: Int64] = [:]
        for partition in 0..<partitionCount {
            next[partition] = Int64(positions[partition]?.rawValue ?? 0)
            let offset = next[partition] == 0 ? Int64(RD_KAFKA_OFFSET_BEGINNING) : next[partition]!
            rd_kafka_topic_partition_list_add(list, topic(log), Int32(partition)).pointee.offset = offset
        }
        let code = rd_kafka_assign(handle.pointer, list)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaHandle.failure(code, "\(topic(log)) cannot be read") }
        while true {
            guard let message = rd_kafka_consumer_poll(handle.pointer, 100) else {
                guard body(.idle) else { return }
                continue
            }
            defer { rd_kafka_message_destroy(message) }
            let (partition, offset) = (Int(message.pointee.partition), message.pointee.offset)
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                // After an offset that is there no more it begins anew.
                guard offset >= next[partition] ?? 0 else { continue }
                next[partition] = offset + 1
                let record = Self.record(message)
                guard body(.record(record)), body(.reached(partition, record.position)) else { return }
            case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                guard offset >= next[partition] ?? 0 else { continue }
                next[partition] = offset
                guard body(.reached(partition, Position(UInt64(offset)))) else { return }
            // A broker that is away is waited for.
            default: guard body(.idle) else { return }
            }
        }
    }

    private static func record(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> LogRecord {
        func bytes(_ pointer: UnsafeRawPointer?, _ count: Int) -> [UInt8] {
            pointer.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
        }
        var headers: [(name: String, value: [UInt8])] = []
        var list: OpaquePointer?
        if rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name {
                headers.append((String(cString: name), bytes(value, size)))
            }
        }
        return LogRecord(
            position: Position(UInt64(message.pointee.offset + 1)), partition: Int(message.pointee.partition),
            envelope: .kafka(key: bytes(message.pointee.key, message.pointee.key_len), headers: headers),
            body: bytes(message.pointee.payload, message.pointee.len))
    }

    // MARK: The whole

    func contents(of log: Log) throws -> LogContents {
        let bounds = try bounds(of: log)
        let committed = try all(log, bounds, committedOnly: true)
        let written = try all(log, bounds, committedOnly: false)
        return Self.contents(committed: committed, written: written, bounds: bounds)
    }

    /// - Parameters:
    ///   - written: what a reader sees that does not ask for what was committed only.
    static func contents(committed: [LogRecord], written: [LogRecord], bounds: [Int: Range<Int64>]) -> LogContents {
        func sorted(_ records: [LogRecord]) -> [LogRecord] { records.sorted { ($0.partition, $0.position) < ($1.partition, $1.position) } }
        let known = Set(committed.map { RecordPlace(partition: $0.partition, position: $0.position) })
        return LogContents(
            records: sorted(committed), isWhole: bounds.values.allSatisfy { $0.lowerBound == 0 },
            ends: bounds.mapValues { Position(UInt64($0.upperBound)) },
            aborted: sorted(written.filter { !known.contains(RecordPlace(partition: $0.partition, position: $0.position)) }))
    }

    private func all(_ log: Log, _ bounds: [Int: Range<Int64>], committedOnly: Bool) throws -> [LogRecord] {
        var records: [LogRecord] = []
        var missing = bounds.filter { !$0.value.isEmpty }.mapValues { Position(UInt64($0.upperBound)) }
        if missing.isEmpty { return [] }
        let deadline = ContinuousClock.now + Self.waitLimit
        try read(log, after: [:], committedOnly: committedOnly) { step in
            switch step {
            case .record(let record):
                if record.position.rawValue <= UInt64(bounds[record.partition]?.upperBound ?? 0) { records.append(record) }
            case .reached(let partition, let position):
                if let end = missing[partition], position >= end { missing[partition] = nil }
            case .idle: break
            }
            return !missing.isEmpty && ContinuousClock.now < deadline
        }
        guard missing.isEmpty else {
            let partitions = missing.keys.sorted().map(String.init).joined(separator: ", ")
            throw SupportError(
                "\(topic(log)) could not be read to its end in \(Self.waitLimit): in partition \(partitions) a transaction is open, or the broker is away"
            )
        }
        return records
    }

    // MARK: The server

    /// A broker that says that it has started may have lost what it leads once more, and reads its groups and transactions first.
    func checkService() throws {
        for log in [Log.commands, .events] { _ = try bounds(of: log) }
        for group in Lane.Group.allCases {
            let handle = try KafkaHandle(
                .consumer, settings(committedOnly: false).filter { $0.0 != "group.id" } + [("group.id", "\(application).\(group.rawValue)")])
            let list = rd_kafka_topic_partition_list_new(1)
            defer { rd_kafka_topic_partition_list_destroy(list) }
            rd_kafka_topic_partition_list_add(list, topic(.commands), 0)
            let code = rd_kafka_committed(handle.pointer, list, 3_000)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaHandle.failure(code, "the group \(group.rawValue) is not known") }
        }
        let handle = try KafkaHandle(
            .producer, [("bootstrap.servers", server), ("client.id", "eventhorizon-faults"), ("transactional.id", "eventhorizon-faults")])
        if let error = rd_kafka_init_transactions(handle.pointer, 3_000) {
            defer { rd_kafka_error_destroy(error) }
            throw KafkaHandle.failure(rd_kafka_error_code(error), "no transaction can be begun")
        }
    }

    // MARK: Duplicates

    func publishAgain(_ record: LogRecord) throws -> Bool {
        guard case .kafka(let key, let names) = record.envelope else { throw SupportError("'\(record.name)' is no record of a topic") }
        let report = DeliveryReport()
        let handle = try KafkaHandle(
            .producer, [("bootstrap.servers", server), ("client.id", "eventhorizon-faults"), ("message.timeout.ms", "2000"), ("linger.ms", "0")],
            report: report)
        let topic = rd_kafka_topic_new(handle.pointer, topic(.commands), nil)
        defer { rd_kafka_topic_destroy(topic) }
        let headers = rd_kafka_headers_new(names.count)
        for (name, value) in names { rd_kafka_header_add(headers, name, -1, value, value.count) }
        let code = eventhorizon_rdkafka_produce(
            handle.pointer, topic, Int32(record.partition), key, key.count, record.body, record.body.count, headers, nil)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            if let headers { rd_kafka_headers_destroy(headers) }
            throw KafkaHandle.failure(code, "a record was not stored again")
        }
        rd_kafka_flush(handle.pointer, 3_000)
        guard let code = report.code, code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaHandle.failure(report.code ?? RD_KAFKA_RESP_ERR__TIMED_OUT, "a record was not stored again")
        }
        return false
    }
}

/// What became of the one record that was produced. Told and read by the thread that flushes.
private final class DeliveryReport {
    var code: rd_kafka_resp_err_t?
}

private func delivered(_ client: OpaquePointer?, _ message: UnsafePointer<rd_kafka_message_t>?, _ opaque: UnsafeMutableRawPointer?) {
    guard let message, let opaque else { return }
    Unmanaged<DeliveryReport>.fromOpaque(opaque).takeUnretainedValue().code = message.pointee.err
}

private func logged(_ client: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?) {}

/// A client of librdkafka's, for one thread; gone with its last reference, which blocks for a moment.
private final class KafkaHandle {
    enum Kind { case producer, consumer }
    let pointer: OpaquePointer
    private let kind: Kind
    private let report: DeliveryReport?

    init(_ kind: Kind, _ settings: [(String, String)], report: DeliveryReport? = nil) throws {
        self.kind = kind
        self.report = report
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in settings where rd_kafka_conf_set(configuration, name, value, &text, text.count) != RD_KAFKA_CONF_OK {
            rd_kafka_conf_destroy(configuration)
            throw SupportError("librdkafka does not take \(name): \(Self.text(text))")
        }
        rd_kafka_conf_set_log_cb(configuration, logged)
        if let report {
            rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(report).toOpaque())
            rd_kafka_conf_set_dr_msg_cb(configuration, delivered)
        }
        guard let made = rd_kafka_new(kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            throw SupportError("no client of Kafka can be made: \(Self.text(text))")
        }
        pointer = made
        if kind == .consumer { rd_kafka_poll_set_consumer(made) }
    }

    deinit {
        if kind == .producer { rd_kafka_purge(pointer, Int32(RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)) }
        rd_kafka_destroy(pointer)
    }

    private static func text(_ bytes: [CChar]) -> String { bytes.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } }

    static func failure(_ code: rd_kafka_resp_err_t, _ what: String) -> SupportError {
        SupportError("\(what): \(String(cString: rd_kafka_err2str(code)))")
    }
}
#endif

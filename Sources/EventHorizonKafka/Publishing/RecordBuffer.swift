#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonWire

/// The topics that are written to.
enum TopicUse: UInt8, CaseIterable, Sendable { case commands, events, deadLetters, replies, topology }

struct TopicNames: Sendable {
    private let names: [String]

    init(_ names: Names) {
        self.names = [names.topic(.commands), names.topic(.events), names.topic(.deadLetters), names.replies, names.topology]
    }

    /// By `TopicUse.rawValue`.
    func handles(of client: Client) -> [OpaquePointer?] { names.map { client.topic($0) } }
}

/// Records as bytes, ready to be produced, as often as it takes. One allocation for all.
struct RecordBuffer: Sendable {
    struct Record: Sendable {
        var topic: TopicUse
        var partition: Int
        /// In `bytes`.
        var key: Range<Int>
        /// In `bytes`: for each header the number of its name, its size and its value.
        var headers: Range<Int>
        var value: Range<Int>
    }
    private(set) var bytes: [UInt8] = []
    private(set) var records: [Record] = []

    var isEmpty: Bool { records.isEmpty }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        records.removeAll(keepingCapacity: true)
    }

    /// Adds the records of another, after these.
    mutating func append(_ other: RecordBuffer) {
        if isEmpty {
            self = other
            return
        }
        let start = bytes.count
        bytes += other.bytes
        for var record in other.records {
            record.key = record.key.shifted(by: start)
            record.headers = record.headers.shifted(by: start)
            record.value = record.value.shifted(by: start)
            records.append(record)
        }
    }

    /// Forgets a record; its bytes stay until all go.
    mutating func remove(_ index: Int) { records.remove(at: index) }

    // MARK: Writing

    private static let headerNames: [StaticString] = [
        "Eh-Category", "Eh-Id", "Eh-Kind", "Eh-Type", "Eh-Schema", "Eh-Correlation", "Eh-Causation", "traceparent", "tracestate",
    ]
    private enum Header: UInt8 { case category, id, kind, type, schema, correlation, causation, traceparent, tracestate }

    private mutating func header(_ header: Header, _ body: (inout [UInt8]) -> Void) {
        bytes.append(header.rawValue)
        let place = bytes.count
        bytes.append(contentsOf: [0, 0, 0, 0])
        body(&bytes)
        let size = UInt32(bytes.count - place - 4)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: size, toByteOffset: place, as: UInt32.self) }
    }

    private mutating func header(_ header: Header, _ text: String) { self.header(header) { $0.append(contentsOf: text.utf8) } }

    private mutating func add(_ topic: TopicUse, _ partition: Int, key: String, headers: (inout Self) -> Void, value: (inout Self) -> Void) {
        let start = bytes.count
        bytes.append(contentsOf: key.utf8)
        let afterKey = bytes.count
        headers(&self)
        let afterHeaders = bytes.count
        value(&self)
        records.append(
            Record(
                topic: topic, partition: partition, key: start..<afterKey, headers: afterKey..<afterHeaders, value: afterHeaders..<bytes.count))
    }

    /// Takes the last record back.
    mutating func removeLast() {
        guard let last = records.popLast() else { return }
        bytes.removeSubrange(last.key.lowerBound...)
    }

    /// A command, of which a reader might think otherwise.
    /// - Throws: Why no reader would take it; nothing is added then.
    mutating func add(checked command: Envelope, to partition: Int, codec: WireCodec) throws(WireError) {
        let start = bytes.count
        let (key, headers) = addKeyAndHeaders(of: command)
        do throws(WireError) {
            try codec.withChecked(command) { bytes.append(contentsOf: $0) }
        } catch {
            bytes.removeSubrange(start...)
            throw error
        }
        records.append(Record(topic: .commands, partition: partition, key: key, headers: headers, value: headers.upperBound..<bytes.count))
    }

    private mutating func addKeyAndHeaders(of command: Envelope) -> (key: Range<Int>, headers: Range<Int>) {
        let start = bytes.count
        bytes.append(contentsOf: command.stream.aggregate.utf8)
        let afterKey = bytes.count
        header(.category, command.stream.category.description)
        header(.id) { command.id.append(to: &$0) }
        header(.kind, MessageHeaders.value(of: command.kind))
        header(.type, command.payload.name)
        header(.schema, String(command.payload.schema))
        header(.correlation) { command.correlation.append(to: &$0) }
        if let causation = command.causation { header(.causation) { causation.append(to: &$0) } }
        if let trace = command.trace {
            if !trace.traceparent.isEmpty { header(.traceparent, trace.traceparent) }
            if !trace.tracestate.isEmpty { header(.tracestate, trace.tracestate) }
        }
        return (start..<afterKey, afterKey..<bytes.count)
    }

    /// A commit, with the type of each of its first events as a header.
    mutating func add(commit: Commit, to partition: Int, codec: WireCodec) {
        add(.events, partition, key: commit.stream.aggregate) { buffer in
            buffer.header(.category, commit.stream.category.description)
            for event in commit.events.prefix(16) { buffer.header(.type, event.payload.name) }
        } value: { buffer in
            codec.withEncoded(commit) { buffer.bytes.append(contentsOf: $0) }
        }
    }

    mutating func add(letter: DeadLetter, codec: WireCodec) {
        add(.deadLetters, letter.place.partition, key: letter.stream?.aggregate ?? "") { buffer in
            if let category = letter.stream?.category { buffer.header(.category, category.description) }
            if !letter.type.isEmpty { buffer.header(.type, letter.type) }
        } value: { buffer in
            codec.withEncoded(letter) { buffer.bytes.append(contentsOf: $0) }
        }
    }

    mutating func add(answer: Answer, to address: ReplyAddress, codec: WireCodec) {
        add(.replies, address.partition, key: address.key) { _ in
        } value: { buffer in
            codec.withEncoded(answer) { buffer.bytes.append(contentsOf: $0) }
        }
    }

    mutating func add(_ key: TopologyKey) {
        add(.topology, 0, key: key.description) { _ in
        } value: {
            $0.bytes.append(UInt8(ascii: "+"))
        }
    }

    var lastSize: Int { records.last?.value.count ?? 0 }

    /// The value of a record.
    func value(of index: Int) -> ArraySlice<UInt8> { bytes[records[index].value] }

    // MARK: Producing

    /// - Parameter number: Told with the record's delivery report; not 0.
    func produce(_ record: Record, with client: OpaquePointer, to topic: OpaquePointer?, number: Int) -> rd_kafka_resp_err_t {
        bytes.withUnsafeBytes { bytes in
            let headers = Self.headers(UnsafeRawBufferPointer(rebasing: bytes[record.headers]))
            let key = UnsafeRawBufferPointer(rebasing: bytes[record.key])
            let value = UnsafeRawBufferPointer(rebasing: bytes[record.value])
            let code = eventhorizon_rdkafka_produce(
                client, topic, Int32(record.partition), key.baseAddress, key.count, value.baseAddress, value.count, headers,
                UnsafeMutableRawPointer(bitPattern: number))
            if code != RD_KAFKA_RESP_ERR_NO_ERROR, let headers { rd_kafka_headers_destroy(headers) }
            return code
        }
    }

    private static func headers(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
        guard !bytes.isEmpty else { return nil }
        let headers = rd_kafka_headers_new(8)
        var index = 0
        while index < bytes.count {
            let name = headerNames[Int(bytes[index])]
            let size = Int(bytes.loadUnaligned(fromByteOffset: index + 1, as: UInt32.self))
            rd_kafka_header_add(
                headers, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), name.utf8CodeUnitCount, bytes.baseAddress! + index + 5,
                size)
            index += 5 + size
        }
        return headers
    }
}

extension Range<Int> {
    fileprivate func shifted(by count: Int) -> Range<Int> { lowerBound + count..<upperBound + count }
}

extension MessageID {
    /// As its description, without a String.
    fileprivate func append(to bytes: inout [UInt8]) {
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { bytes.append(UInt8(ascii: "-")) }
            let digit = UInt8(truncatingIfNeeded: (index < 16 ? high : low) >> UInt64(60 - index % 16 * 4)) & 15
            bytes.append(digit < 10 ? 48 + digit : 87 + digit)
        }
    }
}
#endif

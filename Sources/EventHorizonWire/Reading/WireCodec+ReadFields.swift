internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

// Fields to values, each checked.
extension WireCodec {
    /// Versions, commit numbers and positions stay below this, so that counting on from one cannot overflow.
    static let ceiling: UInt64 = 1 << 62

    func text(_ data: ProtobufCBinaryData, _ field: StaticString, atMost limit: Int, _ name: StaticString) throws(WireError) -> String {
        if data.len == 0 { return "" }
        guard data.len <= limit else {
            throw WireError(field: "\(field)", value: "\(data.len) bytes long", limit: "at most \(limit) are read (WireLimits.\(name))")
        }
        guard let string = strings.string(UnsafeBufferPointer(start: data.data, count: data.len)) else {
            throw WireError(field: "\(field)", value: "not UTF-8", limit: "strings on the wire are UTF-8")
        }
        return string
    }

    func name(_ data: ProtobufCBinaryData, _ field: StaticString) throws(WireError) -> String {
        guard data.len > 0 else { throw WireError(field: "\(field)", value: "empty", limit: "every record of this kind has one") }
        return try text(data, field, atMost: limits.name, "name")
    }

    func identity(_ data: ProtobufCBinaryData, _ field: StaticString) throws(WireError) -> String {
        try text(data, field, atMost: limits.identity, "identity")
    }

    func freeText(_ data: ProtobufCBinaryData, _ field: StaticString) throws(WireError) -> String {
        try text(data, field, atMost: limits.text, "text")
    }

    func bytes(_ data: ProtobufCBinaryData) -> [UInt8] { [UInt8](UnsafeBufferPointer(start: data.data, count: data.len)) }

    func id(_ data: ProtobufCBinaryData, _ field: StaticString) throws(WireError) -> MessageID {
        guard data.len == 16, let bytes = UnsafeRawPointer(data.data) else {
            throw WireError(field: "\(field)", value: "\(data.len) bytes long", limit: "an id is the 16 bytes of a UUID")
        }
        return MessageID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    func count(_ number: UInt64, _ field: StaticString, from lowest: UInt64 = 0) throws(WireError) -> Int {
        guard number >= lowest, number < Self.ceiling else {
            throw WireError(field: "\(field)", value: "\(number)", limit: "from \(lowest) to below 2^62 can be read")
        }
        return Int(number)
    }

    func small(_ number: UInt32, _ field: StaticString, from lowest: UInt32 = 0) throws(WireError) -> Int {
        guard number >= lowest, number <= UInt32(Int32.max) else {
            throw WireError(field: "\(field)", value: "\(number)", limit: "from \(lowest) to below 2^31 can be read")
        }
        return Int(number)
    }

    func position(_ number: UInt64, _ field: StaticString) throws(WireError) -> Position {
        guard number < Self.ceiling else { throw WireError(field: "\(field)", value: "\(number)", limit: "positions lie below 2^62") }
        return Position(number)
    }

    func partition(_ number: UInt32, _ field: StaticString) throws(WireError) -> Int {
        guard number < limits.partitions else {
            throw WireError(field: "\(field)", value: "\(number)", limit: "below \(limits.partitions) can be read (WireLimits.partitions)")
        }
        return Int(number)
    }

    func log(_ log: Eventhorizon__V1__Log, _ field: StaticString) throws(WireError) -> Log {
        guard let known = UInt8(exactly: log.rawValue).flatMap(Log.init(rawValue:)) else {
            throw WireError(field: "\(field)", value: "\(log.rawValue)", limit: "this build knows 1 to 3: deploy readers before writers")
        }
        return known
    }

    func stream(
        category: ProtobufCBinaryData, aggregate: ProtobufCBinaryData, _ categoryField: StaticString, _ aggregateField: StaticString
    ) throws(WireError) -> StreamID {
        let category = try name(category, categoryField)
        guard aggregate.len > 0 else { throw WireError(field: "\(aggregateField)", value: "empty", limit: "every stream has one") }
        return StreamID(Category(category), try text(aggregate, aggregateField, atMost: limits.aggregateID, "aggregateID"))
    }

    func stream(_ message: Eventhorizon__V1__StreamId) throws(WireError) -> StreamID {
        try stream(category: message.category, aggregate: message.aggregate_id, "category", "aggregate_id")
    }

    func payload(
        type: ProtobufCBinaryData, schema: UInt32, contentType: ProtobufCBinaryData, payload: ProtobufCBinaryData
    ) throws(WireError) -> Payload {
        Payload(
            name: try name(type, "type"), schema: try small(schema, "schema_version", from: 1),
            contentType: try text(contentType, "content_type", atMost: limits.name, "name"), bytes: bytes(payload))
    }

    func payload(_ message: Eventhorizon__V1__Payload) throws(WireError) -> Payload {
        try payload(type: message.type, schema: message.schema_version, contentType: message.content_type, payload: message.payload)
    }

    func place(_ message: UnsafeMutablePointer<Eventhorizon__V1__Place>?, _ field: StaticString) throws(WireError) -> Place {
        guard let message = message?.pointee else { throw missing(field) }
        return try inside(field) { () throws(WireError) in
            Place(
                log: try log(message.log, "log"), incarnation: message.incarnation, partition: try partition(message.partition, "partition"),
                position: try position(message.position, "position"), index: try small(message.index, "index"))
        }
    }

    /// The way to a field is put together only when it has something wrong.
    @inline(__always)
    func inside<Value>(_ field: StaticString, _ read: () throws(WireError) -> Value) throws(WireError) -> Value {
        do { return try read() } catch { throw error.inside("\(field)") }
    }

    func missing(_ field: StaticString) -> WireError { WireError(field: "\(field)", value: "absent", limit: "every record of this kind has one") }

    /// The values of a repeated field, whose count is checked before memory is taken for them.
    func values<Message, Value>(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int, _ field: StaticString, atMost limit: Int, _ name: StaticString,
        _ read: (UnsafeMutablePointer<Message>) throws(WireError) -> Value
    ) throws(WireError) -> [Value] {
        guard count > 0, let list else { return [] }
        guard count <= limit else { throw tooMany(count, field, limit, name) }
        var values: [Value] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            guard let message = list[index] else { throw missing(field) }
            do { values.append(try read(message)) } catch { throw error.inside("\(field)[\(index)]") }
        }
        return values
    }

    func tooMany(_ count: Int, _ field: StaticString, _ limit: Int, _ name: StaticString) -> WireError {
        WireError(field: "\(field)", value: "\(count) in number", limit: "at most \(limit) are read (WireLimits.\(name))")
    }
}

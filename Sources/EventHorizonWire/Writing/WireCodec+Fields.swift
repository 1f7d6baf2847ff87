internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

// Values to fields. What they point to lives in the arena until their record is packed.
extension WireCodec {
    func field(_ text: String) -> ProtobufCBinaryData {
        if text.isEmpty { return ProtobufCBinaryData() }
        if let field = text.utf8.withContiguousStorageIfAvailable({ field(UnsafeRawBufferPointer($0)) }) { return field }
        var text = text
        return text.withUTF8 { field(UnsafeRawBufferPointer($0)) }
    }

    func field(_ bytes: [UInt8]) -> ProtobufCBinaryData { bytes.withUnsafeBytes { field($0) } }

    private func field(_ bytes: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return ProtobufCBinaryData() }
        let copy = arena.allocate(bytes.count)
        copy.copyMemory(from: source, byteCount: bytes.count)
        return ProtobufCBinaryData(len: bytes.count, data: copy.assumingMemoryBound(to: UInt8.self))
    }

    func field(_ id: MessageID) -> ProtobufCBinaryData {
        let copy = arena.allocate(16)
        copy.storeBytes(of: id.high.bigEndian, as: UInt64.self)
        copy.storeBytes(of: id.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        return ProtobufCBinaryData(len: 16, data: copy.assumingMemoryBound(to: UInt8.self))
    }

    /// A negative number becomes one that every reader refuses.
    func field(_ number: Int) -> UInt64 { UInt64(bitPattern: Int64(number)) }

    /// A number that does not fit becomes the largest one, which every reader refuses.
    func field(small number: Int) -> UInt32 { UInt32(exactly: number) ?? .max }

    func field(_ log: Log) -> Eventhorizon__V1__Log { Eventhorizon__V1__Log(UInt32(log.rawValue)) }

    func message(_ stream: StreamID) -> UnsafeMutablePointer<Eventhorizon__V1__StreamId> {
        let message = arena.make(eventhorizon__v1__stream_id__init)
        message.pointee.category = field(stream.category.description)
        message.pointee.aggregate_id = field(stream.aggregate)
        return message
    }

    func message(_ payload: Payload) -> UnsafeMutablePointer<Eventhorizon__V1__Payload> {
        let message = arena.make(eventhorizon__v1__payload__init)
        message.pointee.type = field(payload.name)
        message.pointee.schema_version = field(small: payload.schema)
        message.pointee.content_type = field(payload.contentType)
        message.pointee.payload = field(payload.bytes)
        return message
    }

    func message(_ place: Place) -> UnsafeMutablePointer<Eventhorizon__V1__Place> {
        let message = arena.make(eventhorizon__v1__place__init)
        message.pointee.log = field(place.log)
        message.pointee.incarnation = place.incarnation
        message.pointee.partition = field(small: place.partition)
        message.pointee.position = place.position.rawValue
        message.pointee.index = field(small: place.index)
        return message
    }

    /// The messages of `values`, for a repeated field.
    func list<Value, Message>(
        _ values: [Value], _ count: inout Int, _ message: (Value) -> UnsafeMutablePointer<Message>
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Message>?>? {
        count = values.count
        if values.isEmpty { return nil }
        let list: UnsafeMutablePointer<UnsafeMutablePointer<Message>?> = arena.list(of: values.count)
        for (index, value) in values.enumerated() { (list + index).initialize(to: message(value)) }
        return list
    }
}

/// Writes into a message: its fields where `field` is nil, the one field otherwise.
struct ProtobufEncoder: Encoder {
    let writer: ProtobufWriter
    var field: Int?
    /// Protobuf has no lists of lists.
    var isInList = false
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        .init(Keyed<Key>(writer: field.map { writer.message($0) } ?? writer))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if field == nil { writer.fail(.unsupported("a list that is no field of a message")) }
        if isInList { writer.fail(.unsupported("a list of lists")) }
        return Repeated(writer: writer, field: field ?? 1)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

    /// Writes a value that protobuf has a type for, or lets it write itself.
    func encode<T: Encodable>(_ value: T) throws {
        guard !writer.isTooDeep else { throw ProtobufError.tooDeep }
        guard let field else {
            guard !(value is any ProtobufScalar), T.self != [UInt8].self else {
                throw ProtobufError.unsupported("a single value that is no field of a message")
            }
            return try value.encode(to: self)
        }
        if let scalar = value as? any ProtobufScalar { return scalar.write(to: writer, field) }
        // The type is compared first: an empty array of anything can be cast to one of bytes.
        if T.self == [UInt8].self, let bytes = value as? [UInt8] { return writer.delimited(field, bytes) }
        let before = writer.count
        try value.encode(to: self)
        if isInList, writer.count != before + 1 { throw ProtobufError.unsupported("a list with an element that writes nothing") }
    }

    struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let writer: ProtobufWriter
        var codingPath: [any CodingKey] { [] }
        mutating func encodeNil(forKey key: Key) throws {}
        mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            try ProtobufEncoder(writer: writer, field: try fieldNumber(key)).encode(value)
        }
        mutating func nestedContainer<N: CodingKey>(keyedBy: N.Type, forKey key: Key) -> KeyedEncodingContainer<N> {
            .init(Keyed<N>(writer: writer.message(numberOrFailure(key))))
        }
        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            Repeated(writer: writer, field: numberOrFailure(key))
        }
        mutating func superEncoder() -> any Encoder {
            writer.fail(.unsupported("a superclass"))
            return ProtobufEncoder(writer: ProtobufWriter(in: writer))
        }
        mutating func superEncoder(forKey key: Key) -> any Encoder { ProtobufEncoder(writer: writer, field: numberOrFailure(key)) }

        private func numberOrFailure(_ key: Key) -> Int {
            do { return try fieldNumber(key) } catch {
                writer.fail(error as? ProtobufError ?? .noFieldNumber(key: key.stringValue))
                return 1
            }
        }
    }

    struct Repeated: UnkeyedEncodingContainer {
        let writer: ProtobufWriter
        let field: Int
        var codingPath: [any CodingKey] { [] }
        private(set) var count = 0
        init(writer: ProtobufWriter, field: Int) {
            self.writer = writer
            self.field = field
        }
        mutating func encodeNil() throws { throw ProtobufError.unsupported("nil in a list") }
        mutating func encode<T: Encodable>(_ value: T) throws {
            count += 1
            try ProtobufEncoder(writer: writer, field: field, isInList: true).encode(value)
        }
        mutating func nestedContainer<N: CodingKey>(keyedBy: N.Type) -> KeyedEncodingContainer<N> {
            count += 1
            return .init(Keyed<N>(writer: writer.message(field)))
        }
        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            writer.fail(.unsupported("a list of lists"))
            return self
        }
        mutating func superEncoder() -> any Encoder {
            count += 1
            return ProtobufEncoder(writer: writer, field: field, isInList: true)
        }
    }

    struct Single: SingleValueEncodingContainer {
        let encoder: ProtobufEncoder
        var codingPath: [any CodingKey] { [] }
        mutating func encodeNil() throws {
            guard !encoder.isInList else { throw ProtobufError.unsupported("nil in a list") }
        }
        mutating func encode<T: Encodable>(_ value: T) throws { try encoder.encode(value) }
    }
}

/// Reads a message.
struct ProtobufDecoder: Decoder {
    let fields: ProtobufFields
    /// 1 for the outermost message.
    let depth: Int
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> { .init(Keyed<Key>(fields: fields, depth: depth)) }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw ProtobufError.unsupported("a list that is no field of a message") }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { Whole(decoder: self) }

    struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let fields: ProtobufFields
        let depth: Int
        var codingPath: [any CodingKey] { [] }
        /// Each once, in the order of their first bytes.
        var allKeys: [Key] {
            var seen: Set<Int> = []
            return fields.fields.compactMap { seen.insert($0.number).inserted ? Key(intValue: $0.number) : nil }
        }
        func contains(_ key: Key) -> Bool { key.intValue.map(fields.contains) ?? false }
        func decodeNil(forKey key: Key) throws -> Bool { !fields.contains(try fieldNumber(key)) }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try value(key).decode(T.self) }
        func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
            try value(key).container(keyedBy: N.self)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try value(key).unkeyedContainer() }
        func superDecoder() throws -> any Decoder { throw ProtobufError.unsupported("a superclass") }
        func superDecoder(forKey key: Key) throws -> any Decoder { try value(key) }

        private func value(_ key: Key) throws -> ProtobufFieldDecoder {
            let number = try fieldNumber(key)
            return ProtobufFieldDecoder(field: number, wires: fields.wires(number), depth: depth)
        }
    }

    /// A type that is written as its one property is read like that property.
    struct Whole: SingleValueDecodingContainer {
        let decoder: ProtobufDecoder
        var codingPath: [any CodingKey] { [] }
        func decodeNil() -> Bool { false }
        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            guard !(T.self is any ProtobufScalar.Type), T.self != [UInt8].self else {
                throw ProtobufError.unsupported("a single value that is no field of a message")
            }
            return try T(from: decoder)
        }
    }
}

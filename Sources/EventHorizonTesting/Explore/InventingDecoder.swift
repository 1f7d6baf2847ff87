/// Answers every question of a `Decodable` with a value that an inventor makes up.
struct InventingDecoder: Decoder {
    let inventor: Inventor
    let path: String
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        inventor.note("object", at: path)
        return .init(Keyed<Key>(inventor: inventor, path: path))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        inventor.note("list", at: path)
        return List(inventor: inventor, path: path, end: inventor.isDeep ? 0 : 2)
    }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(inventor: inventor, path: path) }

    struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let inventor: Inventor
        let path: String
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }

        func name(_ key: Key) -> String { path.isEmpty ? key.stringValue : path + "." + key.stringValue }
        func contains(_ key: Key) -> Bool { true }
        func decodeNil(forKey key: Key) throws -> Bool { inventor.isAbsent() }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try inventor.value(T.self, name(key)) }

        // One for each type that the protocol has a default for: the default would ask `decodeNil`, and the shape would lack the field.
        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? { try optional(key) }
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(key) }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(key) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(key) }
        func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try optional(key) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(key) }
        func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try optional(key) }
        func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try optional(key) }
        func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try optional(key) }
        func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(key) }
        func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try optional(key) }
        func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(key) }
        func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try optional(key) }
        func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try optional(key) }
        func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try optional(key) }

        private func optional<T: Decodable>(_ key: Key) throws -> T? {
            guard !inventor.isDeep else { return nil }
            let value = try inventor.value(T.self, name(key))
            inventor.noteOptional(at: name(key))
            return inventor.isAbsent() ? nil : value
        }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
            try InventingDecoder(inventor: inventor, path: name(key)).container(keyedBy: Nested.self)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try InventingDecoder(inventor: inventor, path: name(key)).unkeyedContainer()
        }
        func superDecoder() throws -> any Decoder { InventingDecoder(inventor: inventor, path: path) }
        func superDecoder(forKey key: Key) throws -> any Decoder { InventingDecoder(inventor: inventor, path: name(key)) }
    }

    struct List: UnkeyedDecodingContainer {
        let inventor: Inventor
        let path: String
        let end: Int
        var codingPath: [any CodingKey] { [] }
        var count: Int? { end }
        var currentIndex = 0
        var isAtEnd: Bool { currentIndex >= end }

        init(inventor: Inventor, path: String, end: Int) {
            self.inventor = inventor
            self.path = path
            self.end = end
        }

        mutating func decodeNil() throws -> Bool { false }
        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
            currentIndex += 1
            return try inventor.value(T.self, path + "[]")
        }
        mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
            try superDecoder().container(keyedBy: Nested.self)
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try superDecoder().unkeyedContainer() }
        mutating func superDecoder() throws -> any Decoder {
            currentIndex += 1
            return InventingDecoder(inventor: inventor, path: path + "[]")
        }
    }

    struct Single: SingleValueDecodingContainer {
        let inventor: Inventor
        let path: String
        var codingPath: [any CodingKey] { [] }
        func decodeNil() -> Bool { inventor.isAbsent() }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { try inventor.value(T.self, path) }
    }
}

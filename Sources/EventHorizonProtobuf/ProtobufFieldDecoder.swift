/// Reads what one field holds: a scalar, an embedded message, or each of a list.
struct ProtobufFieldDecoder: Decoder {
    let field: Int
    /// Empty: the field is absent, which is zero.
    let wires: [ProtobufWire]
    /// Of the message that holds the field.
    let depth: Int
    /// The list that this is an element of: its next scalar may lie packed with others.
    var list: ProtobufList?
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard depth < ProtobufFormat.depthLimit else { throw ProtobufError.tooDeep }
        let wires = if let list { [try list.next()] } else { self.wires }
        let pieces = try wires.map { wire in
            guard case .delimited(let bytes) = wire else { throw ProtobufError.wrongType(field: field, found: wire.kind, wanted: "a message") }
            return bytes
        }
        return .init(ProtobufDecoder.Keyed<Key>(fields: try ProtobufFields(pieces), depth: depth + 1))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard list == nil else { throw ProtobufError.unsupported("a list of lists") }
        return Repeated(list: ProtobufList(field: field, wires: wires), depth: depth)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if let scalar = T.self as? any ProtobufScalar.Type, let value = try read(scalar) as? T { return value }
        if T.self == [UInt8].self, let value = try bytes() as? T { return value }
        return try T(from: self)
    }

    private func read<Scalar: ProtobufScalar>(_: Scalar.Type) throws -> Scalar {
        if let list { return try Scalar(list.next(Scalar.self), field) }
        guard let wire = wires.last else { return .zero }
        return try Scalar(wire, field)
    }

    private func bytes() throws -> [UInt8] {
        guard let wire = try list?.next() ?? wires.last else { return [] }
        guard case .delimited(let bytes) = wire else { throw ProtobufError.wrongType(field: field, found: wire.kind, wanted: "bytes") }
        return Array(bytes)
    }

    struct Single: SingleValueDecodingContainer {
        let decoder: ProtobufFieldDecoder
        var codingPath: [any CodingKey] { [] }
        func decodeNil() -> Bool { decoder.list == nil && decoder.wires.isEmpty }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.decode(T.self) }
    }

    struct Repeated: UnkeyedDecodingContainer {
        let list: ProtobufList
        let depth: Int
        var codingPath: [any CodingKey] { [] }
        var count: Int? { nil }
        var isAtEnd: Bool { list.isAtEnd }
        private(set) var currentIndex = 0
        init(list: ProtobufList, depth: Int) {
            self.list = list
            self.depth = depth
        }

        mutating func decodeNil() throws -> Bool { false }
        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try element { try $0.decode(T.self) } }
        mutating func nestedContainer<N: CodingKey>(keyedBy type: N.Type) throws -> KeyedDecodingContainer<N> {
            try element { try $0.container(keyedBy: N.self) }
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw ProtobufError.unsupported("a list of lists") }
        mutating func superDecoder() throws -> any Decoder { throw ProtobufError.unsupported("a superclass in a list") }

        private mutating func element<Value>(_ read: (ProtobufFieldDecoder) throws -> Value) throws -> Value {
            let taken = list.taken
            let value = try read(ProtobufFieldDecoder(field: list.field, wires: [], depth: depth, list: list))
            // A type without properties reads nothing, and the list would never end.
            if list.taken == taken { _ = try list.next() }
            currentIndex += 1
            return value
        }
    }
}

/// How far a repeated field is read. Scalars may lie packed, many in one piece of bytes, or one by one, or both.
final class ProtobufList {
    let field: Int
    private var wires: ArraySlice<ProtobufWire>
    private var packed: ArraySlice<UInt8> = []
    /// How often something was taken.
    private(set) var taken = 0

    init(field: Int, wires: [ProtobufWire]) {
        self.field = field
        self.wires = wires[...]
    }

    var isAtEnd: Bool { wires.isEmpty && packed.isEmpty }

    /// The next as it is.
    func next() throws -> ProtobufWire {
        guard packed.isEmpty else { throw ProtobufError.malformed("field \(field) is a list of several types") }
        guard let wire = wires.popFirst() else { throw ProtobufError.truncated }
        taken += 1
        return wire
    }

    /// The next scalar, out of a packed piece where it lies in one.
    func next<Scalar: ProtobufScalar>(_: Scalar.Type) throws -> ProtobufWire {
        if packed.isEmpty {
            let wire = try next()
            guard case .delimited(let bytes) = wire else { return wire }
            packed = bytes
            guard let first = try Scalar.unpack(&packed) else {
                packed = []
                return wire
            }
            return first
        }
        guard let wire = try Scalar.unpack(&packed) else { return try next() }
        taken += 1
        return wire
    }
}

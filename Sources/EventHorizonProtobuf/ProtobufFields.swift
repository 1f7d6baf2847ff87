/// What a field holds on the wire.
enum ProtobufWire {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case delimited(ArraySlice<UInt8>)

    var kind: String {
        switch self {
        case .varint: "a varint"
        case .fixed64: "8 bytes"
        case .fixed32: "4 bytes"
        case .delimited: "text, bytes or a message"
        }
    }
}

/// The fields of one message, in the order of their bytes. Any bytes are fields or an error.
struct ProtobufFields {
    private(set) var fields: [(number: Int, wire: ProtobufWire)] = []

    /// Several pieces are one message: protobuf merges an embedded message that comes more than once, and merging is appending.
    init(_ pieces: [ArraySlice<UInt8>]) throws {
        for piece in pieces {
            var bytes = piece
            // Groups are old and unknown to a key: skipped, but they have to end.
            var groups: [Int] = []
            while !bytes.isEmpty {
                let key = try Self.varint(&bytes)
                let number = Int(truncatingIfNeeded: key >> 3)
                guard key <= UInt32.max, number > 0 else { throw ProtobufError.malformed("a field of number \(key >> 3)") }
                switch key & 7 {
                case 0: try append(number, .varint(Self.varint(&bytes)), groups)
                case 1: try append(number, .fixed64(Self.fixed64(&bytes)), groups)
                case 2: try append(number, .delimited(Self.delimited(&bytes)), groups)
                case 3:
                    groups.append(number)
                    guard groups.count < ProtobufFormat.depthLimit else { throw ProtobufError.tooDeep }
                case 4: guard groups.popLast() == number else { throw ProtobufError.malformed("group \(number) ends and was not begun") }
                case 5: try append(number, .fixed32(Self.fixed32(&bytes)), groups)
                default: throw ProtobufError.malformed("wire type \(key & 7) in field \(number)")
                }
            }
            guard groups.isEmpty else { throw ProtobufError.truncated }
        }
    }

    private mutating func append(_ number: Int, _ wire: ProtobufWire, _ groups: [Int]) throws {
        if groups.isEmpty { fields.append((number, wire)) }
    }

    func wires(_ number: Int) -> [ProtobufWire] { fields.filter { $0.number == number }.map(\.wire) }
    /// Of a field that comes more than once, the last counts.
    func last(_ number: Int) -> ProtobufWire? { fields.last { $0.number == number }?.wire }
    func contains(_ number: Int) -> Bool { fields.contains { $0.number == number } }

    // MARK: Bytes

    static func varint(_ bytes: inout ArraySlice<UInt8>) throws -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard let byte = bytes.popFirst() else { throw ProtobufError.truncated }
            // Nine bytes hold 63 bits: one is left for the tenth.
            if index == 9, byte > 1 { throw ProtobufError.malformed("a varint of more than 64 bits") }
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 { return value }
        }
        throw ProtobufError.malformed("a varint of more than 64 bits")
    }

    static func fixed64(_ bytes: inout ArraySlice<UInt8>) throws -> UInt64 {
        try take(8, &bytes).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    static func fixed32(_ bytes: inout ArraySlice<UInt8>) throws -> UInt32 {
        try take(4, &bytes).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func delimited(_ bytes: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        let count = try varint(&bytes)
        guard count <= UInt64(bytes.count) else { throw ProtobufError.truncated }
        return try take(Int(count), &bytes)
    }

    private static func take(_ count: Int, _ bytes: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        guard count <= bytes.count else { throw ProtobufError.truncated }
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count)
    }
}

/// A Swift type that is one protobuf field, not a message.
protocol ProtobufScalar: Sendable {
    func write(to writer: ProtobufWriter, _ field: Int)
    /// What protobuf says where the field is absent.
    static var zero: Self { get }
    init(_ wire: ProtobufWire, _ field: Int) throws
    /// Takes the next of a packed list; nil for what is never packed.
    static func unpack(_ bytes: inout ArraySlice<UInt8>) throws -> ProtobufWire?
}

extension ProtobufScalar {
    static func wrong(_ wire: ProtobufWire, _ field: Int) -> ProtobufError { .wrongType(field: field, found: wire.kind, wanted: "\(Self.self)") }
}

extension ProtobufScalar where Self: FixedWidthInteger {
    func write(to writer: ProtobufWriter, _ field: Int) { writer.varint(field, UInt64(truncatingIfNeeded: self)) }
    static var zero: Self { 0 }
    static func unpack(_ bytes: inout ArraySlice<UInt8>) throws -> ProtobufWire? { .varint(try ProtobufFields.varint(&bytes)) }

    init(_ wire: ProtobufWire, _ field: Int) throws {
        let value: Self?
        switch wire {
        case .varint(let bits), .fixed64(let bits):
            // A negative number of 32 bits is written in 64 by most, in 32 by some.
            value =
                Self.isSigned
                ? Self(exactly: Int64(bitPattern: bits)) ?? (Self.bitWidth == 32 && bits <= UInt32.max ? Self(truncatingIfNeeded: bits) : nil)
                : Self(exactly: bits)
        case .fixed32(let bits): value = Self.isSigned ? Self(exactly: Int32(bitPattern: bits)) : Self(exactly: bits)
        case .delimited: throw Self.wrong(wire, field)
        }
        guard let value else { throw ProtobufError.outOfRange(field: field, wanted: "\(Self.self)") }
        self = value
    }
}

extension Int: ProtobufScalar {}
extension Int64: ProtobufScalar {}
extension Int32: ProtobufScalar {}
extension Int16: ProtobufScalar {}
extension Int8: ProtobufScalar {}
extension UInt: ProtobufScalar {}
extension UInt64: ProtobufScalar {}
extension UInt32: ProtobufScalar {}
extension UInt16: ProtobufScalar {}
extension UInt8: ProtobufScalar {}

extension Bool: ProtobufScalar {
    func write(to writer: ProtobufWriter, _ field: Int) { writer.varint(field, self ? 1 : 0) }
    static var zero: Bool { false }
    static func unpack(_ bytes: inout ArraySlice<UInt8>) throws -> ProtobufWire? { .varint(try ProtobufFields.varint(&bytes)) }
    init(_ wire: ProtobufWire, _ field: Int) throws {
        guard case .varint(let bits) = wire else { throw Self.wrong(wire, field) }
        self = bits != 0
    }
}

extension Double: ProtobufScalar {
    func write(to writer: ProtobufWriter, _ field: Int) { writer.double(field, self) }
    static func unpack(_ bytes: inout ArraySlice<UInt8>) throws -> ProtobufWire? { .fixed64(try ProtobufFields.fixed64(&bytes)) }
    init(_ wire: ProtobufWire, _ field: Int) throws {
        switch wire {
        case .fixed64(let bits): self.init(bitPattern: bits)
        case .fixed32(let bits): self.init(Float(bitPattern: bits))
        default: throw Self.wrong(wire, field)
        }
    }
}

extension Float: ProtobufScalar {
    func write(to writer: ProtobufWriter, _ field: Int) { writer.float(field, self) }
    static func unpack(_ bytes: inout ArraySlice<UInt8>) throws -> ProtobufWire? { .fixed32(try ProtobufFields.fixed32(&bytes)) }
    init(_ wire: ProtobufWire, _ field: Int) throws {
        guard case .fixed32(let bits) = wire else { throw Self.wrong(wire, field) }
        self.init(bitPattern: bits)
    }
}

extension String: ProtobufScalar {
    func write(to writer: ProtobufWriter, _ field: Int) { writer.delimited(field, utf8) }
    static var zero: String { "" }
    static func unpack(_ bytes: inout ArraySlice<UInt8>) throws -> ProtobufWire? { nil }
    init(_ wire: ProtobufWire, _ field: Int) throws {
        guard case .delimited(let bytes) = wire else { throw Self.wrong(wire, field) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ProtobufError.notUTF8(field: field) }
        self = text
    }
}

/// Why a value cannot be written as protobuf, or bytes cannot be read as one.
public enum ProtobufError: Error, Equatable, CustomStringConvertible {
    /// A key that has no integer.
    case noFieldNumber(key: String)
    /// A number that protobuf does not allow.
    case fieldNumber(Int)
    /// The bytes end within a field.
    case truncated
    /// The bytes are no message.
    case malformed(String)
    /// A field holds another kind of value than was asked for.
    case wrongType(field: Int, found: String, wanted: String)
    /// A field's number does not fit what was asked for.
    case outOfRange(field: Int, wanted: String)
    /// A field's text is no UTF-8.
    case notUTF8(field: Int)
    /// More messages within each other than `ProtobufFormat.depthLimit`.
    case tooDeep
    /// Protobuf has no such thing.
    case unsupported(String)

    public var description: String {
        switch self {
        case .noFieldNumber(let key): "the key '\(key)' has no field number: write its coding keys as an enum of Int, case \(key) = 1"
        case .fieldNumber(let number): "\(number) is no field number: they are 1 to 536870911 without 19000 to 19999"
        case .truncated: "the bytes end within a field"
        case .malformed(let what): "the bytes are no protobuf message: \(what)"
        case .wrongType(let field, let found, let wanted): "field \(field) holds \(found), \(wanted) was asked for"
        case .outOfRange(let field, let wanted): "the number in field \(field) does not fit \(wanted)"
        case .notUTF8(let field): "the text in field \(field) is no UTF-8"
        case .tooDeep: "the message holds more than \(ProtobufFormat.depthLimit) messages within each other"
        case .unsupported(let what): "protobuf has no place for \(what)"
        }
    }
}

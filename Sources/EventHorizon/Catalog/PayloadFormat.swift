/// A Codable format: what `body` writes to the encoder becomes payload bytes.
///
/// Used by several threads at once. `decode` must end in a value or an error whatever the bytes are.
public protocol PayloadFormat: Sendable {
    /// The media type that payloads of this format carry, `application/json`.
    var contentType: String { get }
    func encode(_ body: (any Encoder) throws -> Void) throws -> [UInt8]
    func decode<Value>(_ payload: [UInt8], _ body: (any Decoder) throws -> Value) throws -> Value
}

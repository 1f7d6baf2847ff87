/// A payload with what is needed to read it.
public struct Payload: Sendable, Equatable {
    /// The durable name of the type, `guestlist.v1.CreateInvite`.
    public var name: String
    public var schema: Int
    public var contentType: String
    public var bytes: [UInt8]
    public init(name: String, schema: Int = 1, contentType: String, bytes: [UInt8]) {
        self.name = name
        self.schema = schema
        self.contentType = contentType
        self.bytes = bytes
    }
}

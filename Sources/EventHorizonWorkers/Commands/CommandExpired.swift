internal import EventHorizon

/// A command was read later than it may be decided. An answer, not a failure: nothing was decided.
public struct CommandExpired: Error, Sendable, Equatable, CustomStringConvertible {
    /// When it expired, in nanoseconds since 1970.
    public let nanoseconds: Int64
    public var description: String { "the command expired before a worker read it: send it anew, under a new id" }

    init(at time: Timestamp) { nanoseconds = time.nanoseconds }

    /// A rejection of this type is any aggregate's: payload `<nanoseconds>` as text.
    static let payloadName = "eventhorizon.v1.CommandExpired"

    var payload: Payload { Payload(name: Self.payloadName, contentType: "text/plain", bytes: Array("\(nanoseconds)".utf8)) }

    init?(_ payload: Payload) {
        guard payload.name == Self.payloadName, let nanoseconds = Int64(String(decoding: payload.bytes, as: UTF8.self)) else { return nil }
        self.nanoseconds = nanoseconds
    }
}

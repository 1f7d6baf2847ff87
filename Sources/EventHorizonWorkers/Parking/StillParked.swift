internal import EventHorizon

/// A release met a letter that still fails. An answer: what was before it is released, it and what lies behind it stays parked.
public struct StillParked: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    public var description: String { "still parked: \(reason)" }

    /// A rejection of this type is any aggregate's: payload the reason as text.
    static let payloadName = "eventhorizon.v1.StillParked"

    var payload: Payload { Payload(name: Self.payloadName, contentType: "text/plain", bytes: Array(reason.utf8)) }

    init(reason: String) { self.reason = reason }

    init?(_ payload: Payload) {
        guard payload.name == Self.payloadName else { return nil }
        reason = String(decoding: payload.bytes, as: UTF8.self)
    }
}

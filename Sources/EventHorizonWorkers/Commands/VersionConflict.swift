internal import EventHorizon

/// The aggregate was not at the version that a client expected. An answer, not a failure: nothing was decided.
public struct VersionConflict: Error, Sendable, Equatable, CustomStringConvertible {
    public let expected: Int
    public let actual: Int
    public init(expected: Int, actual: Int) {
        self.expected = expected
        self.actual = actual
    }
    public var description: String { "the aggregate is at version \(actual), \(expected) was expected: read it again and decide anew" }

    /// A rejection of this type is any aggregate's: payload `<expected> <actual>` as text.
    static let payloadName = "eventhorizon.v1.VersionConflict"

    var payload: Payload { Payload(name: Self.payloadName, contentType: "text/plain", bytes: Array("\(expected) \(actual)".utf8)) }

    init?(_ payload: Payload) {
        guard payload.name == Self.payloadName else { return nil }
        let numbers = payload.bytes.split(separator: UInt8(ascii: " ")).compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 2 else { return nil }
        self.init(expected: numbers[0], actual: numbers[1])
    }
}

internal import EventHorizon
internal import EventHorizonJSON
internal import Synchronization

/// A guest whose invitation the command handlers cannot write, until the bug is mended.
final class Poison: Sendable {
    let isThere: Bool
    private let isMendedNow = Mutex(false)

    init(isThere: Bool) { self.isThere = isThere }

    /// What the one guest's name ends in.
    static let mark = "-poison"
    var isMended: Bool { isMendedNow.withLock { $0 } }
    func mend() { isMendedNow.withLock { $0 = true } }

    /// What the command handlers write with.
    struct Format: PayloadFormat {
        let poison: Poison
        private let json = JSONFormat()
        var contentType: String { json.contentType }

        init(_ poison: Poison) { self.poison = poison }

        func encode(_ body: (any Encoder) throws -> Void) throws -> [UInt8] {
            let bytes = try json.encode(body)
            if poison.isThere, !poison.isMended, String(decoding: bytes, as: UTF8.self).contains(Poison.mark) { throw Bug() }
            return bytes
        }

        func decode<Value>(_ payload: [UInt8], _ body: (any Decoder) throws -> Value) throws -> Value { try json.decode(payload, body) }
    }

    struct Bug: Error {}
}

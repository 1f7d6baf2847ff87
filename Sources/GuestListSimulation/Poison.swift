internal import EventHorizon
internal import EventHorizonJSON
internal import GuestList
internal import Synchronization

/// A guest whose invitation a kind of worker cannot handle, until the bug is mended.
final class Poison: Sendable {
    enum Victim {
        /// Cannot write its events.
        case commandHandlers
        /// Cannot make rows of them.
        case projectors
    }

    let victim: Victim?
    private let isMendedNow = Mutex(false)

    init(of victim: Victim?) { self.victim = victim }

    /// What the one guest's name ends in.
    static let mark = "-poison"
    var isMended: Bool { isMendedNow.withLock { $0 } }
    func fails(_ worker: Victim) -> Bool { victim == worker && !isMended }
    func mend() { isMendedNow.withLock { $0 = true } }

    /// What the command handlers write with.
    struct Format: PayloadFormat {
        let poison: Poison
        private let json = JSONFormat()
        var contentType: String { json.contentType }

        init(_ poison: Poison) { self.poison = poison }

        func encode(_ body: (any Encoder) throws -> Void) throws -> [UInt8] {
            let bytes = try json.encode(body)
            if poison.fails(.commandHandlers), String(decoding: bytes, as: UTF8.self).contains(Poison.mark) { throw Bug() }
            return bytes
        }

        func decode<Value>(_ payload: [UInt8], _ body: (any Decoder) throws -> Value) throws -> Value { try json.decode(payload, body) }
    }

    struct Bug: Error {}

    func poisoning<P: Projector>(_ projector: P) -> some Projector<P.Store> where P.Input == Recorded<Invitation> {
        PoisonedProjector(base: projector, poison: self)
    }
}

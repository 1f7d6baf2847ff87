internal import EventHorizon
internal import EventHorizonJSON
internal import EventHorizonTesting
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
    /// The process of a command handler dies of it.
    let isDeadly: Bool
    private let isMendedNow = Mutex(false)

    init(of victim: Victim?, isDeadly: Bool) {
        self.victim = victim
        self.isDeadly = isDeadly
    }

    /// What the one guest's name ends in.
    static let mark = "-poison"
    var isMended: Bool { isMendedNow.withLock { $0 } }
    func fails(_ worker: Victim) -> Bool { victim == worker && !isMended }
    func mend() { isMendedNow.withLock { $0 = true } }

    /// What the command handlers write with.
    struct Format: PayloadFormat {
        let poison: Poison
        let process: SimulatedProcess
        private let json = JSONFormat()
        var contentType: String { json.contentType }

        init(_ poison: Poison, in process: SimulatedProcess) {
            self.poison = poison
            self.process = process
        }

        func encode(_ body: (any Encoder) throws -> Void) throws -> [UInt8] {
            let bytes = try json.encode(body)
            if poison.fails(.commandHandlers), String(decoding: bytes, as: UTF8.self).contains(Poison.mark) {
                if poison.isDeadly { process.trap() }
                throw Bug()
            }
            return bytes
        }

        func decode<Value>(_ payload: [UInt8], _ body: (any Decoder) throws -> Value) throws -> Value { try json.decode(payload, body) }
    }

    struct Bug: Error {}

    func poisoning<P: Projector>(_ projector: P) -> some Projector<P.Store> where P.Input == Recorded<Invitation> {
        PoisonedProjector(base: projector, poison: self)
    }
}

import CBenchMessages
import EventHorizon
import EventHorizonJSON
import EventHorizonProtobuf

/// Every kind of value that payloads are made of.
private struct Value: Codable, Equatable, Sendable {
    struct Seat: Codable, Equatable, Sendable {
        var row = 0
        var name = ""
        enum CodingKeys: Int, CodingKey { case row = 1, name }
    }
    /// Holds itself: how deep bytes may nest is the format's to say.
    struct Node: Codable, Equatable, Sendable {
        var name = ""
        var nodes: [Node] = []
        enum CodingKeys: Int, CodingKey { case name = 1, nodes }
    }
    enum Level: Int, Codable { case none = 0, low, high }

    var flag = false
    var big: Int64 = 0
    var small: Int8 = 0
    var unsigned: UInt64 = 0
    var real = 0.0
    var short: Float = 0
    var text = ""
    var blob: [UInt8] = []
    var level = Level.none
    var seat = Seat()
    var numbers: [Int] = []
    var reals: [Double] = []
    var texts: [String] = []
    var seats: [Seat] = []
    var maybe: Int?
    var node = Node()

    enum CodingKeys: Int, CodingKey {
        case flag = 1
        case big, small, unsigned, real, short, text, blob, level, seat, numbers, reals, texts, seats, maybe, node
    }

    static let full = Value(
        flag: true, big: .min, small: -7, unsigned: .max, real: -0.5, short: 1.5, text: "Ἀθηνᾶ 🦉", blob: [0, 255], level: .high,
        seat: Seat(row: 3, name: "x"), numbers: [1, -1, 300], reals: [0.5, -2], texts: ["", "b"], seats: [Seat(row: 1), Seat()], maybe: 0,
        node: Node(name: "a", nodes: [Node(name: "b", nodes: [Node()]), Node()]))
}

private enum Event: Message {
    case whole(Value), seated(guest: String, seats: Int, at: Double?), shipped
    enum CodingKeys: String, MessageName {
        case whole = "fuzz.v1.Whole"
        case seated = "fuzz.v1.Seated"
        case shipped = "fuzz.v1.Shipped"
    }
    enum WholeCodingKeys: Int, CodingKey { case _0 = 1 }
    enum SeatedCodingKeys: Int, CodingKey { case guest = 1, seats, at }

    static let samples: [Event] = [.whole(.full), .whole(Value()), .seated(guest: "Athena", seats: 3, at: 0.5), .shipped]
    static let catalog: MessageCatalog<Self> = []
}

private enum Generated: Message {
    case booked(guest: String, at: Double, seats: Int, note: String)
    enum CodingKeys: String, MessageName { case booked = "bench.Booking" }

    static let catalog: MessageCatalog<Self> = [
        .protobuf(.booked, bench__booking__init) { event, message, string in
            guard case .booked(let guest, let at, let seats, let note) = event else { return }
            message.guest = string(guest)
            message.at = at
            message.seats = UInt32(truncatingIfNeeded: seats)
            message.note = string(note)
        } unpack: { message in
            .booked(
                guest: String(cString: message.guest), at: message.at, seats: Int(message.seats), note: String(cString: message.note))
        }
    ]
}

/// A saga's state, to which this build added a field.
private struct State: Codable, Equatable, Sendable {
    var confirmed: [String] = []
    var limit = 2
    var seat = Value.Seat()
    enum CodingKeys: Int, CodingKey { case confirmed = 1, limit, seat }
}

extension ForeignDecoder {
    /// Payloads, each through the catalog, as workers read them. The first byte says which name the payload claims.
    static func payloads() -> [ForeignDecoder] {
        [
            catalog("json", Event.catalog, Event.samples, .json), catalog("protobuf", Event.catalog, Event.samples, .protobuf),
            catalog(
                "protobuf-c", Generated.catalog, [Generated.booked(guest: "Athena", at: 2.5, seats: 3, note: "by the window")], .protobuf),
            state("json-state", .json, [#"{"confirmed":["Athena"],"limit":3}"#, "{}"].map { Array($0.utf8) }),
            state("protobuf-state", .protobuf, [[0x0A, 0x06] + Array("Athena".utf8) + [0x10, 0x03], []]),
        ]
    }

    private static func catalog<Body: Message>(
        _ name: StaticString, _ catalog: MessageCatalog<Body>, _ samples: [Body], _ format: any PayloadFormat
    ) -> ForeignDecoder {
        let payloads = samples.compactMap { try? catalog.encode($0, format: format) }
        precondition(payloads.count == samples.count, "a sample of \(name) cannot be written")
        return ForeignDecoder(name, samples: payloads.enumerated().map { [UInt8($0.offset)] + $0.element.bytes }) { bytes in
            guard let first = bytes.first else { return .refused }
            var payload = payloads[Int(first) % payloads.count]
            func read(_ bytes: [UInt8]) throws -> Payload {
                payload.bytes = bytes
                var bodies: [Body] = []
                try catalog.decode(payload, formats: [format], into: &bodies)
                return try catalog.encode(bodies[0], format: format)
            }
            let once: Payload
            do { once = try read([UInt8](bytes.dropFirst())) } catch { return .refused }
            // Compared as bytes: a number that is none is not equal to itself.
            do { return try read(once.bytes) == once ? .accepted : .broken("written again it is other bytes") } catch {
                return .broken("what was read cannot be read again: \(error)")
            }
        }
    }

    private static func state(_ name: StaticString, _ format: any PayloadFormat, _ samples: [[UInt8]]) -> ForeignDecoder {
        ForeignDecoder(name, samples: samples) { bytes in
            func read(_ bytes: [UInt8]) throws -> [UInt8] {
                let state = try format.decodeState(State.self, initial: State(), from: bytes)
                return try format.encode { try state.encode(to: $0) }
            }
            let once: [UInt8]
            do { once = try read([UInt8](bytes)) } catch { return .refused }
            do { return try read(once) == once ? .accepted : .broken("written again it is other bytes") } catch {
                return .broken("what was read cannot be read again: \(error)")
            }
        }
    }
}

import CProtobufTestMessages
import EventHorizon
import EventHorizonJSON
import EventHorizonProtobuf
import Testing

/// Payloads made by generated protobuf-c code, in one catalog with JSON and Codable protobuf.
@Suite struct GeneratedMessages {
    enum Event: Message {
        case invited(list: String, name: String, age: Int?)
        case booked(by: String, seats: Int)
        case shipped
        enum CodingKeys: String, MessageName {
            case invited = "tests.v1.Invited"
            case booked = "tests.v1.Booked"
            case shipped = "tests.v1.Shipped"
        }
        enum BookedCodingKeys: Int, CodingKey { case by = 1, seats = 2 }

        static let catalog: MessageCatalog<Self> = [
            .protobuf(.invited, eventhorizon__tests__v1__invite_created__init) { event, message, string in
                guard case .invited(let list, let name, let age) = event else { return }
                message.list = string(list)
                message.name = string(name)
                message.has_age = age == nil ? 0 : 1
                message.age = Int64(age ?? 0)
            } unpack: { message in
                .invited(list: String(cString: message.list), name: String(cString: message.name), age: message.has_age != 0 ? Int(message.age) : nil)
            },
            .format(.protobuf, .booked),
            .renamed("tests.v0.Booked", to: .booked),
        ]
    }

    private func read(_ payload: Payload) throws -> [Event] {
        var events: [Event] = []
        try Event.catalog.decode(payload, formats: [.json], into: &events)
        return events
    }

    @Test func each_message_travels_in_its_own_format() throws {
        #expect(MessageCatalog<Event>.problems == [])
        let invited = try Event.catalog.encode(.invited(list: "olympus", name: "Athena", age: 42), format: .json)
        #expect(invited.contentType == "application/protobuf" && invited.name == "tests.v1.Invited")
        #expect(invited.bytes == [10, 7] + "olympus".utf8 + [18, 6] + "Athena".utf8 + [24, 42])
        let booked = try Event.catalog.encode(.booked(by: "ada", seats: 3), format: .json)
        #expect(booked.contentType == "application/protobuf" && booked.bytes == [10, 3, 97, 100, 97, 16, 3])
        let shipped = try Event.catalog.encode(.shipped, format: .json)
        #expect(shipped.contentType == "application/json" && shipped.bytes == Array("{}".utf8))
    }

    @Test func each_is_read_back() throws {
        for event in [
            Event.invited(list: "", name: "Ἀθηνᾶ", age: nil), .invited(list: "l", name: "n", age: .min), .booked(by: "", seats: 0), .shipped,
        ] {
            #expect(try read(Event.catalog.encode(event, format: .json)) == [event])
        }
        var old = try Event.catalog.encode(.booked(by: "ada", seats: 3), format: .json)
        old.name = "tests.v0.Booked"
        #expect(try read(old) == [.booked(by: "ada", seats: 3)])
    }

    @Test func a_text_with_a_nul_is_refused_before_it_is_cut() {
        #expect(throws: ProtobufError.unsupported("a text with a NUL in it")) {
            try Event.catalog.encode(.invited(list: "a\0b", name: "n", age: nil), format: .json)
        }
    }

    @Test func bytes_that_are_no_such_message_are_an_error() {
        for bytes in [[], [10], [10, 7, 97], [8, 1], [255]] as [[UInt8]] {
            let payload = Payload(name: "tests.v1.Invited", contentType: "application/protobuf", bytes: bytes)
            #expect(throws: ProtobufError.malformed("protobuf-c reads no 'tests.v1.Invited' in them")) { try read(payload) }
        }
    }
}

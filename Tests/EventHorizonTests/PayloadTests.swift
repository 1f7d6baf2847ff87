import EventHorizon
import EventHorizonJSON
import Testing

@Suite struct Payloads {
    private func payload(_ name: String, schema: Int = 1, _ body: String, contentType: String = "application/json") -> Payload {
        Payload(name: name, schema: schema, contentType: contentType, bytes: Array(body.utf8))
    }

    private func read<M: Message>(_ payload: Payload, as: M.Type = Order.Event.self) throws -> [M] {
        var messages: [M] = []
        try M.catalog.decode(payload, formats: [.json], into: &messages)
        return messages
    }

    @Test func a_case_travels_by_its_name_and_its_values_are_the_payload() throws {
        let created = try Invitation.Event.catalog.encode(.created(list: "olympus", name: "Athena", age: 42), format: .json)
        #expect(created == payload("guestlist.v1.InviteCreated", #"{"age":42,"list":"olympus","name":"Athena"}"#))
        let declined = try Invitation.Event.catalog.encode(.declined, format: .json)
        #expect(declined == payload("guestlist.v1.InviteDeclined", "{}"))
        let placed = try Order.Event.catalog.encode(.placed(by: "ada", seats: 3, notes: ["a/b", "é"]), format: .json)
        #expect(placed == payload("shop.v1.OrderPlaced", schema: 2, #"{"by":"ada","notes":["a/b","é"],"seats":3}"#))
    }

    @Test func what_was_written_is_read() throws {
        let events: [Invitation.Event] = [
            .created(list: "", name: "Ἀθηνᾶ 🦉", age: nil), .created(list: "l", name: "n", age: .min), .accepted(list: "\0\""), .declined,
        ]
        for event in events {
            #expect(try read(Invitation.Event.catalog.encode(event, format: .json), as: Invitation.Event.self) == [event])
            #expect(try MessageCatalog.name(of: event) == Invitation.Event.catalog.encode(event, format: .json).name)
        }
    }

    @Test func keys_that_nobody_knows_are_skipped() throws {
        #expect(try read(payload("shop.v1.OrderShipped", #"{"carrier":"hermes"}"#)) == [.shipped])
    }

    @Test func older_schemas_are_upcast() throws {
        let old = payload("shop.v1.OrderPlaced", schema: 1, #"{"customer":"bob","shipped":true}"#)
        #expect(try read(old) == [.placed(by: "bob", seats: 1, notes: []), .shipped])
    }

    @Test func older_names_are_read_with_the_history_of_todays_name() throws {
        #expect(try read(payload("shop.v0.Sent", "{}")) == [.shipped])
        #expect(try read(payload("shop.v0.Ordered", schema: 1, #"{"customer":"bob","shipped":false}"#)) == [.placed(by: "bob", seats: 1, notes: [])])
        #expect(try read(payload("shop.v0.Ordered", schema: 2, #"{"by":"bob","notes":[],"seats":2}"#)) == [.placed(by: "bob", seats: 2, notes: [])])
    }

    @Test func retired_names_say_nothing_whatever_they_hold() throws {
        #expect(try read(payload("shop.v0.Viewed", "\u{1}", contentType: "application/unknown")) == [])
    }

    @Test func what_cannot_be_read_is_an_error_that_says_why() throws {
        #expect(throws: PayloadError.future(name: "shop.v1.OrderShipped", schema: 9, known: 1)) {
            try read(payload("shop.v1.OrderShipped", schema: 9, "{}"))
        }
        #expect(throws: PayloadError.future(name: "shop.v1.OrderPlaced", schema: 3, known: 2)) {
            try read(payload("shop.v0.Ordered", schema: 3, "{}"))
        }
        #expect(throws: PayloadError.unlisted(name: "shop.v1.Other")) { try read(payload("shop.v1.Other", "{}")) }
        #expect(throws: PayloadError.contentType("application/protobuf", name: "shop.v1.OrderShipped")) {
            try read(payload("shop.v1.OrderShipped", "", contentType: "application/protobuf"))
        }
        for body in ["", "{", "[]", "null", #"{"list":"x"}"#, #"{"list":1,"name":"n"}"#, "\u{0}", String(repeating: "[", count: 100_000)] {
            #expect(throws: DecodingError.self) { try read(payload("guestlist.v1.InviteCreated", body), as: Invitation.Event.self) }
        }
    }

    @Test func a_decoding_that_fails_appends_nothing() throws {
        var events: [Order.Event] = [.shipped]
        #expect(throws: (any Error).self) {
            try Order.Event.catalog.decode(payload("shop.v1.OrderPlaced", schema: 1, "{}"), formats: [.json], into: &events)
        }
        #expect(events == [.shipped])
    }
}

/// Messages whose Codable is written by hand, in each way that Codable allows.
@Suite struct HandWrittenCodable {
    enum Way: String, CaseIterable, Sendable { case single, list, keyed, nestedList, superclass, keyedSuperclass, twoNames, otherKeys, nothing }

    struct Hand: Error {}
    enum Message: EventHorizon.Message {
        case text(Way)
        enum CodingKeys: String, MessageName { case text = "tests.v1.Text" }
        enum Other: String, CodingKey { case text = "tests.v1.Text" }
        enum Values: CodingKey { case value }

        init(from decoder: any Decoder) throws { throw Hand() }

        func encode(to encoder: any Encoder) throws {
            guard case .text(let way) = self else { return }
            switch way {
            case .single:
                var container = encoder.singleValueContainer()
                try container.encode("value")
            case .list:
                var container = encoder.unkeyedContainer()
                try container.encode("value")
            case .keyed:
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode("value", forKey: .text)
            case .nestedList:
                var container = encoder.container(keyedBy: CodingKeys.self)
                var list = container.nestedUnkeyedContainer(forKey: .text)
                _ = list.nestedUnkeyedContainer()
                _ = list.nestedContainer(keyedBy: Values.self)
                _ = list.superEncoder().singleValueContainer()
            case .superclass:
                var container = encoder.container(keyedBy: CodingKeys.self)
                try "value".encode(to: container.superEncoder())
            case .keyedSuperclass:
                var container = encoder.container(keyedBy: CodingKeys.self)
                _ = container.superEncoder(forKey: .text).container(keyedBy: Values.self)
            case .twoNames:
                var container = encoder.container(keyedBy: CodingKeys.self)
                _ = container.nestedContainer(keyedBy: Values.self, forKey: .text)
                _ = container.nestedContainer(keyedBy: Values.self, forKey: .text)
            case .otherKeys:
                var container = encoder.container(keyedBy: Other.self)
                _ = container.nestedContainer(keyedBy: Values.self, forKey: .text)
            case .nothing: break
            }
        }
    }

    @Test(arguments: Way.allCases) func it_is_an_error_that_says_so_and_never_a_trap(way: Way) throws {
        let unnamed = PayloadError.unnamed(message: "Message")
        #expect(throws: unnamed) { try Message.catalog.encode(.text(way), format: .json) }
        #expect(throws: unnamed) { try MessageCatalog.name(of: Message.text(way)) }
        #expect(
            unnamed.description
                == "Message has no durable name: a message is an enum with synthesized Codable and a name for each case in its CodingKeys")
    }

    enum Reader: EventHorizon.Message {
        case text(String)
        enum CodingKeys: String, MessageName {
            case single = "tests.v1.Single"
            case list = "tests.v1.List"
            case keyed = "tests.v1.Keyed"
            case nestedList = "tests.v1.NestedList"
            case superclass = "tests.v1.Superclass"
        }
        func encode(to encoder: any Encoder) throws { throw Hand() }
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            switch container.allKeys.first {
            case .single: self = .text(try decoder.singleValueContainer().decode(String.self))
            case .list:
                var list = try decoder.unkeyedContainer()
                self = .text(try list.decode(String.self))
            case .nestedList:
                var list = try container.nestedUnkeyedContainer(forKey: .nestedList)
                self = .text(try list.decode(String.self))
            case .superclass: self = .text(try String(from: container.superDecoder(forKey: .superclass)))
            case .keyed, nil: self = .text(try container.decode(String.self, forKey: .keyed))
            }
        }
    }

    @Test(arguments: Reader.CodingKeys.allCases) func reading_by_hand_is_refused_too(name: Reader.CodingKeys) {
        var messages: [Reader] = []
        let payload = Payload(name: name.rawValue, contentType: "application/json", bytes: Array(#""value""#.utf8))
        #expect(throws: PayloadError.unnamed(message: "Reader")) { try Reader.catalog.decode(payload, formats: [.json], into: &messages) }
    }
}

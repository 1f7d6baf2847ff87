import EventHorizon
import EventHorizonJSON
import Testing

@Suite struct ListedEvents {
    enum Input: Sendable, Equatable {
        case invitation(Recorded<Invitation>)
        case order(Recorded<Order>)
    }

    private func event(_ name: String, _ body: String, of category: Category = "guestlist.v1.Invitation") -> Envelope {
        let id = MessageID(high: 1, low: 2)
        return Envelope(
            id: id, kind: .event, stream: StreamID(category, "athena"),
            payload: Payload(name: name, contentType: "application/json", bytes: Array(body.utf8)),
            correlation: id, occurredAt: Timestamp(nanoseconds: 5))
    }

    private func read<Value: Sendable>(_ events: Events<Value>, _ event: Envelope, version: Int = 3) throws -> [Value]? {
        var inputs: [Value] = []
        return try events.decode(event, version: version, formats: [.json], into: &inputs) ? inputs : nil
    }

    @Test func what_a_source_lists_is_decoded_the_rest_skipped_undecoded() throws {
        let events = Events(of: Acceptance.self)
        #expect(try read(events, event("guestlist.v1.InviteCreated", "garbage")) == nil)
        #expect(
            try read(events, event("guestlist.v1.InviteAccepted", #"{"list":"olympus"}"#)) == [
                Recorded(.accepted(list: "olympus"), of: "athena", version: 3, time: Timestamp(nanoseconds: 5))
            ])
        #expect(try read(events, event("guestlist.v1.InviteAccepted", "garbage", of: "shop.v1.Order")) == nil)
    }

    @Test func only_some_of_a_source() throws {
        let events = Events(of: Invitation.self, only: .accepted, .declined)
        #expect(try read(events, event("guestlist.v1.InviteCreated", "garbage")) == nil)
        #expect(try read(events, event("guestlist.v1.InviteDeclined", "{}"))?.map(\.body) == [.declined])
    }

    @Test func several_sources_become_one_input() throws {
        let events = Events(Input.invitation, Input.order).only(.accepted, of: Invitation.self)
        #expect(try read(events, event("guestlist.v1.InviteCreated", "garbage")) == nil)
        #expect(
            try read(events, event("guestlist.v1.InviteAccepted", #"{"list":"olympus"}"#))
                == [.invitation(Recorded(.accepted(list: "olympus"), of: "athena", version: 3, time: Timestamp(nanoseconds: 5)))])
        #expect(
            try read(events, event("shop.v0.Sent", "{}", of: "shop.v1.Order"))
                == [.order(Recorded(.shipped, of: "athena", version: 3, time: Timestamp(nanoseconds: 5)))])
    }

    @Test func older_names_are_listed_with_todays() throws {
        let shipped = Events(of: Order.self, only: .shipped)
        #expect(try read(shipped, event("shop.v0.Sent", "{}", of: "shop.v1.Order"))?.map(\.body) == [.shipped])
        #expect(try read(shipped, event("shop.v0.Ordered", "garbage", of: "shop.v1.Order")) == nil)
        #expect(try read(shipped, event("shop.v0.Viewed", "garbage", of: "shop.v1.Order")) == [])
    }

    @Test func a_listed_event_that_cannot_be_decoded_is_an_error() {
        #expect(throws: DecodingError.self) { try read(Events(of: Acceptance.self), event("guestlist.v1.InviteAccepted", "garbage")) }
    }
}

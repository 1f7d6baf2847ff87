import EventHorizon
import EventHorizonWire
import Testing

struct MessageHeadersTests {
    static let agreeing = [
        MessageHeaders.id: "01975a2b-3c4d-7e5f-8000-000000000001", MessageHeaders.kind: "command", MessageHeaders.type: "guestlist.v1.CreateInvite",
        MessageHeaders.schema: "2", MessageHeaders.correlation: "01975A2B-3C4D-7E5F-8000-000000000002",
        MessageHeaders.causation: "01975a2b-3c4d-7e5f-8000-000000000003", "Nats-Msg-Id": "whatever",
        MessageHeaders.traceparent: "another than the body's",
    ]

    private func disagreement(_ headers: [String: String], _ envelope: Envelope = Samples.envelope) -> String? {
        MessageHeaders.disagreement(with: envelope) { headers[$0] }
    }

    @Test func headers_that_say_what_the_body_says_are_fine() { #expect(disagreement(Self.agreeing) == nil) }

    @Test(arguments: agreeing.keys) func a_header_that_is_absent_is_fine(_ name: String) {
        var headers = Self.agreeing
        headers[name] = nil
        #expect(disagreement(headers) == nil)
        #expect(disagreement([:]) == nil)
    }

    @Test(arguments: [
        (MessageHeaders.id, "01975a2b-3c4d-7e5f-8000-000000000009", "01975a2b-3c4d-7e5f-8000-000000000001"),
        (MessageHeaders.id, "01975a2b-3c4d-7e5f-8000-00000000000", "01975a2b-3c4d-7e5f-8000-000000000001"),
        (MessageHeaders.id, "01975a2b+3c4d-7e5f-8000-000000000001", "01975a2b-3c4d-7e5f-8000-000000000001"),
        (MessageHeaders.id, "", "01975a2b-3c4d-7e5f-8000-000000000001"),
        (MessageHeaders.kind, "event", "command"),
        (MessageHeaders.type, "guestlist.v1.Other", "guestlist.v1.CreateInvite"),
        (MessageHeaders.type, "guestlist.v1.CreateInvit", "guestlist.v1.CreateInvite"),
        (MessageHeaders.schema, "1", "2"),
        (MessageHeaders.schema, "two", "2"),
        (MessageHeaders.correlation, "no id", "01975a2b-3c4d-7e5f-8000-000000000002"),
        (MessageHeaders.causation, "01975a2b-3c4d-7e5f-8000-000000000001", "01975a2b-3c4d-7e5f-8000-000000000003"),
    ]) func a_header_that_disagrees_gives_the_reason(_ name: String, _ value: String, _ body: String) {
        var headers = Self.agreeing
        headers[name] = value
        #expect(
            disagreement(headers) == "the header \(name) says '\(value)', the body '\(body)': "
                + "let the publisher write both from one value, or leave the header out")
    }

    @Test func a_cause_that_the_body_does_not_have_is_a_disagreement() {
        let reason = disagreement([MessageHeaders.causation: "01975a2b-3c4d-7e5f-8000-000000000003"], Samples.bareEnvelope)
        #expect(reason?.contains("the body 'nothing'") == true)
    }

    @Test func every_id_agrees_with_its_own_description() {
        var random = SplitMix(seed: 7)
        for _ in 0..<1_000 {
            var envelope = Samples.envelope
            envelope.id = MessageID(high: random.next(), low: random.next())
            #expect(disagreement([MessageHeaders.id: envelope.id.description], envelope) == nil)
            #expect(disagreement([MessageHeaders.id: envelope.id.description.uppercased()], envelope) == nil)
            let other = MessageID(high: envelope.id.high, low: envelope.id.low ^ 1 << UInt64.random(in: 0..<64, using: &random))
            #expect(disagreement([MessageHeaders.id: other.description], envelope) != nil)
        }
    }
}

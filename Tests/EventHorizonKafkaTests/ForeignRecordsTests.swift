#if Kafka
import EventHorizon
import EventHorizonWire
import Testing

@testable import EventHorizonKafka

/// What strangers write into the topics is read for what it is, or refused with a reason.
struct ForeignRecordsTests {
    private func read(_ body: [UInt8], key: String, headers: [(String, String)] = []) -> Delivery.Content? {
        var probe = DeliveryProbe(group: GroupDeclaration(name: "orders", log: .commands, categories: ["shop.v1.Order"]))
        let texts = headers.map { (Array($0.0.utf8), Array($0.1.utf8)) }
        func withHeaders(
            _ index: Int, _ found: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)],
            _ body: ([(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)]) -> Delivery.Content?
        ) -> Delivery.Content? {
            guard index < texts.count else { return body(found) }
            return texts[index].0.withUnsafeBytes { name in
                texts[index].1.withUnsafeBytes { value in withHeaders(index + 1, found + [(name, value)], body) }
            }
        }
        return Array(key.utf8).withUnsafeBytes { key in
            body.withUnsafeBytes { body in withHeaders(0, []) { probe.read(key: key, headers: $0, body: body) } }
        }
    }

    private let command: Envelope = {
        let id = MessageID(high: 1, low: 1)
        return Envelope(
            id: id, kind: .command, stream: StreamID("shop.v1.Order", "7"), payload: Payload(name: "shop.v1.Place", contentType: "", bytes: []),
            correlation: id, occurredAt: Timestamp(nanoseconds: 1))
    }()

    @Test func a_command_is_read_with_its_headers_and_without() {
        let bytes = WireCodec().encode(command)
        for headers in [[], [("Eh-Category", "shop.v1.Order"), ("Eh-Kind", "command")]] {
            guard case .command(let read)? = read(bytes, key: "7", headers: headers) else {
                Issue.record("it is not read")
                continue
            }
            #expect(read.stream == command.stream)
        }
    }

    @Test func a_key_or_a_header_that_disagrees_with_the_body_makes_it_undecodable() {
        let bytes = WireCodec().encode(command)
        for content in [read(bytes, key: "8"), read(bytes, key: "7", headers: [("Eh-Kind", "event")])] {
            guard case .undecodable(_, _, _, let reason)? = content else {
                Issue.record("it is read as ours")
                continue
            }
            #expect(!reason.isEmpty)
        }
    }

    @Test func what_the_group_did_not_ask_for_is_not_looked_at() {
        let content = read([0xFF], key: "7", headers: [("Eh-Category", "shop.v1.Other")])
        #expect(content == nil)
    }
}
#endif

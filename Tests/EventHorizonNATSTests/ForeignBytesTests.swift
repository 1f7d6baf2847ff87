#if NATS
import EventHorizon
import EventHorizonWire
import Testing

@testable import EventHorizonNATS

/// What eventhorizon-fuzz found, and what it was written for: a server's or a stranger's bytes are read or refused.
struct ForeignBytesTests {
    @Test(arguments: ["shop.evt.", "shop.evt.3", "shop.evt.3.", "shop.evt.3.x", "shop.evt..", "shop.evt.3.shop=2Ev1=2EOrder."])
    func a_record_whose_subject_ends_early_is_skipped_or_undecodable(_ subject: String) throws {
        let group = GroupDeclaration(name: "orders", log: .events, categories: ["shop.v1.Order"], senders: ["shop.v1.Saga"])
        var probe = try DeliveryProbe(group: group, application: "shop")
        let id = MessageID(high: 1, low: 1)
        let commit = Commit(
            stream: StreamID("shop.v1.Other", "8"), number: 1, firstVersion: 1,
            decided: [
                DecidedCommand(
                    id: id, place: Place(log: .commands, incarnation: 1, partition: 3, position: Position(1)), outcome: .accepted(versions: 1..<1),
                    correlation: id, sender: StreamID("shop.v1.Saga", "s"))
            ])
        for body in [[], [0xFF], WireCodec().encode(commit)] {
            switch probe.read(subject: Array(subject.utf8), headers: [], body: body) {
            case nil, .undecodable: break
            default: Issue.record("\(subject) is read as a record of ours")
            }
        }
    }

    @Test func half_a_surrogate_pair_in_a_servers_json_is_no_character() {
        #expect(JSONValue(Array(#""\ud83d\u0041""#.utf8)) == .string("\u{FFFD}"))
        #expect(JSONValue(Array(#""\ud83dA""#.utf8)) == .string("\u{FFFD}A"))
        #expect(JSONValue(Array(#""\ud83d\ude00""#.utf8)) == .string("😀"))
    }

    @Test func a_time_that_64_bits_do_not_hold_is_none() {
        #expect(RFC3339.nanoseconds("9999-12-31T23:59:59Z") == nil)
        #expect(RFC3339.nanoseconds("2554-07-21T23:34:33.709551615Z") == .max)
        #expect(RFC3339.nanoseconds("2554-07-21T23:34:33.709551616Z") == nil)
        #expect(RFC3339.nanoseconds("1970-01-01T00:00:00Z") == 0)
    }

    @Test func a_servers_greeting_may_end_anywhere() {
        let line = Array(#"INFO {"version":"2.12.14","jetstream":true}"#.utf8)
        for count in 0...line.count {
            let info = line[..<count].withUnsafeBytes { ServerInfo($0) }
            #expect((info?.hasJetStream ?? false) == (count > line.count - 5))
        }
    }
}
#endif

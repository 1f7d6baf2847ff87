#if NATS
import EventHorizon
import Testing

@testable import EventHorizonNATS

struct AnswerTests {
    private func scan(_ text: String) -> PublishAnswer { Array(text.utf8).withUnsafeBytes { PublishAnswer($0) } }

    @Test func answers_to_a_publish_are_scanned() {
        #expect(scan(#"{"stream":"shop_EVENTS", "seq":123}"#) == .stored(sequence: 123, isDuplicate: false))
        #expect(
            scan(#"{"stream":"shop_EVENTS","domain":"d","seq":18446744073709551615,"duplicate":true}"#) == .stored(sequence: .max, isDuplicate: true))
        #expect(scan(#"{"stream":"shop_EVENTS", "seq":7,"duplicate": true}"#) == .stored(sequence: 7, isDuplicate: true))
        #expect(scan("") == .noResponders)
        #expect(scan("garbage") == .unreadable)
        #expect(scan(#"{"stream":"x"}"#) == .unreadable)
        guard case .failed(let error) = scan(#"{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"stream":"S","seq":0}"#)
        else {
            Issue.record("no error")
            return
        }
        #expect(error.isWrongSequence && error.code == 400 && error.text == "wrong last sequence: 5")
    }

    @Test(arguments: ["", "a", "ab", "abc", "abcd", "\u{0}\u{1}", "the quick brown fox", "ÿþý"])
    func base64_is_read(_ text: String) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(text.utf8)
        var encoded: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let word = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for digit in 0..<4 { encoded.append(digit <= group.count ? alphabet[word >> (18 - 6 * digit) & 63] : UInt8(ascii: "=")) }
        }
        #expect(encoded.withUnsafeBytes { Base64.decode($0) } == bytes)
    }

    @Test(arguments: ["a", "====", "ab=c", "a\u{0}bc", "a=bc"])
    func what_is_no_base64_is_refused(_ text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { Base64.decode($0) } == nil)
    }

    @Test func stored_messages_are_read() {
        let text =
            #"{"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"a.b","seq":9,"hdrs":"TkFUUw==","data":"YWJj","time":"2026-01-01T00:00:00Z"}}"#
        guard case .message(let message) = Array(text.utf8).withUnsafeBytes({ StoredMessage.read($0) }) else { Issue.record("no message"); return }
        #expect(message.sequence == 9 && message.data == Array("abc".utf8))
        let missing =
            #"{"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":404,"err_code":10037,"description":"no message found"}}"#
        guard case .nothing = Array(missing.utf8).withUnsafeBytes({ StoredMessage.read($0) }) else { Issue.record("a message"); return }
        guard case .unreadable = Array("".utf8).withUnsafeBytes({ StoredMessage.read($0) }) else { Issue.record("a message"); return }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0 as UInt64), ("2000-02-29T12:34:56.5Z", 951_827_696_500_000_000),
        ("2026-11-24T21:28:01.123456789Z", 1_795_555_681_123_456_789),
        ("2026-11-24T22:28:01.123456789+01:00", 1_795_555_681_123_456_789), ("2024-12-31T23:59:59Z", 1_735_689_599_000_000_000),
    ])
    func times_are_read(_ text: String, _ nanoseconds: UInt64) { #expect(RFC3339.nanoseconds(text) == nanoseconds) }

    @Test(arguments: ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-24T21:28:01", "2026-11-24T21:28:01+1"])
    func what_is_no_time_is_refused(_ text: String) { #expect(RFC3339.nanoseconds(text) == nil) }

    @Test func json_is_read() {
        let json = JSONValue(
            Array(#"{"a":[1,-2.5e3,true,false,null,"x\"\\\n\u00e9\ud83d\ude00"],"b":{"c":18446744073709551615},"d":{},"e":[]}"#.utf8))
        #expect(json?["a"] == .array([.number("1"), .number("-2.5e3"), .bool(true), .bool(false), .null, .string("x\"\\\né😀")]))
        #expect(json?["b"]?["c"] == .number("18446744073709551615"))
        #expect(JSONValue(Array("{\"a\":".utf8)) == nil)
        #expect(JSONValue(Array(repeating: UInt8(ascii: "["), count: 100_000)) == nil)
        #expect(JSONValue.quoted("a\"\\\n") == #""a\"\\\u000a""#)
    }

    @Test func versions_are_compared_and_known_for_safe_replication() {
        #expect(ServerVersion("2.10.0")! > ServerVersion("2.9.25")!)
        #expect(ServerVersion("2.15.0-dev") == ServerVersion(2, 15, 0))
        #expect(ServerVersion("two") == nil)
        for safe in ["2.12.14", "2.12.20", "2.14.4", "2.15.2", "3.0.0"] { #expect(ServerVersion(safe)!.hasSafeReplication, "\(safe)") }
        for unsafe in ["2.9.10", "2.12.13", "2.13.9", "2.14.3"] { #expect(!ServerVersion(unsafe)!.hasSafeReplication, "\(unsafe)") }
    }

    @Test func numbers_of_slots_are_never_given_twice() {
        var table = SlotTable<String>()
        var seen: Set<UInt64> = []
        for round in 0..<100 {
            let number = table.insert("\(round)")
            #expect(seen.insert(number).inserted)
            #expect(table[number] == "\(round)")
            #expect({ table.remove(number) }() == "\(round)")
            #expect({ table.remove(number) }() == nil && table[number] == nil)
        }
        #expect(table.count == 0)
    }

    @Test func a_stream_has_one_command_on_its_way_and_the_window_bounds_all() {
        var lanes = CommandLanes<Int>(window: 2)
        let (a, b, c) = (StreamID("x", "a"), StreamID("x", "b"), StreamID("x", "c"))
        for (entry, stream) in [(1, a), (2, a), (3, b), (4, c)] { lanes.add(entry, to: stream) }
        #expect({ lanes.next() }() == 1)
        #expect({ lanes.next() }() == 3)
        #expect({ lanes.next() }() == nil)
        lanes.finished(b)
        #expect({ lanes.next() }() == 4)
        lanes.finished(a)
        #expect({ lanes.next() }() == 2)
        lanes.finished(a)
        lanes.finished(c)
        #expect(lanes.isEmpty && lanes.inFlight == 0)
    }
}
#endif

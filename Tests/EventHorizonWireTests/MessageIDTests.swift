import EventHorizon
import Testing

struct MessageIDTests {
    /// RFC 9562, appendix A.6.
    @Test func version_7_is_the_one_of_the_rfc() {
        let id = MessageID(at: Timestamp(nanoseconds: 0x017F_22E2_79B0 * 1_000_000 + 999_999), random: (0xCC3, 0x18C4_DC0C_0C07_398F))
        #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test func version_7_keeps_its_marks_whatever_the_random_bits() {
        for random: (UInt64, UInt64) in [(0, 0), (.max, .max)] {
            for nanoseconds in [Int64.min, -1, 0, .max] {
                let id = MessageID(at: Timestamp(nanoseconds: nanoseconds), random: random)
                #expect(id.high >> 12 & 0xF == 7)
                #expect(id.low >> 62 == 0b10)
            }
        }
    }

    @Test func ids_made_later_sort_later() {
        let earlier = MessageID(at: Timestamp(nanoseconds: 1_700_000_000_000_000_000), random: (.max, .max))
        let later = MessageID(at: Timestamp(nanoseconds: 1_700_000_000_001_000_000), random: (0, 0))
        #expect(earlier.bytes.lexicographicallyPrecedes(later.bytes))
        #expect(earlier.description < later.description)
    }

    static let dns = MessageID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")!
    static let url = MessageID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")!

    /// RFC 9562, appendix A.4, then Python's `uuid.uuid5`, at the lengths where SHA-1's padding changes.
    @Test(arguments: [
        (dns, "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"),
        (MessageID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")!, "guest/müller", "298ae526-e5fc-5be3-93c5-7d44f7c62627"),
        (url, "", "1b4db7eb-4057-5ddf-91e0-36dec72071f5"),
        (url, String(repeating: "y", count: 39), "ab563a2f-14fe-5c07-839a-ef104ca79a62"),
        (url, String(repeating: "y", count: 40), "f7eec5b5-5301-5fa6-8ce1-67e3c4d8922f"),
        (url, String(repeating: "y", count: 48), "05ab2543-07ee-52ef-b4b9-79e2a8372323"),
        (url, String(repeating: "x", count: 200), "cd3580b9-d244-586a-8077-74317319b48d"),
    ]) func version_5_is_the_one_of_the_rfc_and_of_python(_ namespace: MessageID, _ name: String, _ id: String) {
        #expect(MessageID(named: name.utf8, in: namespace).description == id)
    }

    @Test func an_id_survives_its_bytes_and_its_description() {
        var random = SplitMix(seed: 11)
        for _ in 0..<1_000 {
            let id = MessageID(high: random.next(), low: random.next())
            #expect(MessageID(bytes: id.bytes) == id)
            #expect(MessageID(id.description) == id)
            #expect(MessageID(id.description.uppercased()) == id)
        }
        #expect(MessageID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10).bytes == Array(1...16))
    }

    @Test(arguments: [
        "", "3f2504e0", "3f2504e0-4f89-41d3-9a0c-0305e82c330", "3f2504e0-4f89-41d3-9a0c-0305e82c33012", "3f2504e04f8941d39a0c0305e82c3301",
        "3f2504e0_4f89-41d3-9a0c-0305e82c3301", "3f2504g0-4f89-41d3-9a0c-0305e82c3301", "{3f2504e0-4f89-41d3-9a0c-0305e82c3301}",
    ]) func what_is_not_a_uuid_is_no_id(_ text: String) { #expect(MessageID(text) == nil) }

    @Test func bytes_of_another_count_are_no_id() {
        for count in [0, 1, 15, 17, 32] { #expect(MessageID(bytes: [UInt8](repeating: 1, count: count)) == nil) }
    }
}

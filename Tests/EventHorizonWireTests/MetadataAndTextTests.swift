import EventHorizon
import EventHorizonWire
import Testing

struct MetadataAndTextTests {
    let codec = WireCodec()

    /// The least that an envelope needs, and what is appended.
    private func envelope(_ more: [UInt8]) throws -> Envelope { try envelope(of: Records.envelope + more) }

    private func envelope(of bytes: [UInt8]) throws -> Envelope { try bytes.withUnsafeBytes { try codec.decodeEnvelope($0) } }

    @Test func metadata_reads_whether_or_not_empty_keys_and_values_are_written_out() throws {
        #expect(try envelope(Proto.field(20, Proto.field(1, "") + Proto.field(2, ""))).metadata == ["": ""])
        #expect(try envelope(Proto.field(20, [])).metadata == ["": ""])
        #expect(try envelope(Proto.field(20, Proto.field(2, "v") + Proto.field(1, "k"))).metadata == ["k": "v"])
    }

    @Test func of_two_entries_with_one_key_the_last_counts() throws {
        let twice = Proto.field(20, Proto.field(1, "k") + Proto.field(2, "first")) + Proto.field(20, Proto.field(1, "k") + Proto.field(2, "last"))
        #expect(try envelope(twice).metadata == ["k": "last"])
    }

    @Test func metadata_is_written_in_one_order_in_every_process() {
        var some = Samples.bareEnvelope
        some.metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key \($0)", "\($0)") })
        var same = Samples.bareEnvelope
        for number in (0..<20).reversed() { same.metadata["key \(number)"] = "\(number)" }
        #expect(codec.encode(some) == codec.encode(same))
    }

    @Test(arguments: [
        "a", "exactly fifteen", "sixteen letters.", "naïve — ein Müller", "\0", "nul \0 inside of a longer one",
        String(repeating: "lang", count: 60),
        "👩‍👩‍👧‍👦",
    ])
    func a_string_keeps_every_byte(_ text: String) throws {
        var sample = Samples.envelope
        sample.stream.aggregate = text
        sample.tenant = text
        sample.metadata = [text: text]
        // Twice: the second reading comes out of the cache.
        for _ in 0..<2 {
            let read = try codec.withEncoded(sample) { try codec.decodeEnvelope($0) }
            #expect(read == sample)
            #expect(Array(read.stream.aggregate.utf8) == Array(text.utf8))
            #expect(Array(read.tenant.utf8) == Array(text.utf8))
        }
    }

    @Test func letters_composed_and_decomposed_stay_as_they_are() throws {
        for text in ["M\u{FC}ller, a name of its own", "Mu\u{308}ller, a name of its own"] {
            var sample = Samples.envelope
            sample.stream.aggregate = text
            #expect(Array(try codec.withEncoded(sample) { try codec.decodeEnvelope($0) }.stream.aggregate.utf8) == Array(text.utf8))
        }
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0x61, 0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], Array(repeating: 0x61, count: 30) + [0x80],
            Array(repeating: 0x61, count: 300) + [0xE2, 0x82],
        ] as [[UInt8]]) func a_string_that_is_not_UTF8_is_refused(_ bytes: [UInt8])
    {
        for _ in 0..<2 {
            let error = #expect(throws: WireError.self) { try envelope(Proto.field(16, bytes)) }
            #expect(error?.description == "envelope.tenant is not UTF-8: strings on the wire are UTF-8")
        }
    }

    @Test func strings_that_share_a_place_in_the_cache_are_not_mixed_up() throws {
        for round in 0..<2 {
            for number in 0..<5_000 {
                let aggregate = "an aggregate of some length \(number)"
                let read = try envelope(of: Records.envelope(aggregate: aggregate))
                #expect(read.stream.aggregate == aggregate, "round \(round)")
            }
        }
    }
}

/// Records written by hand.
enum Records {
    static let id = [UInt8](repeating: 7, count: 16)
    static let envelope = envelope(aggregate: "a")

    static func envelope(
        id: [UInt8] = id, type: String = "t", schema: UInt64 = 1, correlation: [UInt8] = id, category: String = "c", aggregate: String = "a",
        kind: UInt64 = 1
    ) -> [UInt8] {
        Proto.field(1, id) + Proto.field(2, type) + Proto.field(3, schema) + Proto.field(6, correlation) + Proto.field(9, category)
            + Proto.field(10, aggregate) + Proto.field(11, kind)
    }

    static func commit(number: UInt64 = 1, firstVersion: UInt64 = 1, _ more: [UInt8] = []) -> [UInt8] {
        Proto.field(1, "c") + Proto.field(2, "a") + Proto.field(3, number) + Proto.field(4, firstVersion) + more
    }

    /// An event as it lies in a commit.
    static func event(_ more: [UInt8] = []) -> [UInt8] {
        Proto.field(1, id) + Proto.field(2, "t") + Proto.field(3, 1) + Proto.field(6, id) + more
    }

    static func place(log: UInt64 = 1, partition: UInt64 = 0, position: UInt64 = 1) -> [UInt8] {
        Proto.field(1, log) + Proto.field(2, partition) + Proto.field(3, position)
    }
}

import EventHorizon
import EventHorizonWire
import Testing

struct GoldenTests {
    @Test(arguments: Golden.all) func a_record_is_written_as_it_always_was(_ golden: Golden) throws {
        let written = golden.encode(WireCodec())
        #expect(try written == golden.bytes(), "now written as \(Hex.digits(written))")
    }

    @Test(arguments: Golden.all) func what_was_written_once_is_read(_ golden: Golden) throws {
        let codec = WireCodec()
        #expect(try golden.bytes().withUnsafeBytes { try golden.reads(codec, $0) })
    }

    @Test(arguments: Golden.all) func fields_that_this_build_does_not_know_are_passed_over(_ golden: Golden) throws {
        let unknown = Proto.field(5000, 7) + Proto.field(5001, [1, 2, 3]) + Proto.fixed64(5002, 1) + Proto.fixed32(5003, 1)
        let codec = WireCodec()
        for bytes in try [golden.bytes() + unknown, unknown + golden.bytes()] {
            #expect(try bytes.withUnsafeBytes { try golden.reads(codec, $0) })
        }
    }

    @Test func one_codec_serves_records_of_every_kind_and_size_in_turn() throws {
        let codec = WireCodec()
        var large = Samples.envelope
        for size in [10, 3_000_000, 100, 70_000, 0, 1_500_000] {
            large.payload.bytes = [UInt8](repeating: 7, count: size)
            #expect(try codec.withEncoded(large) { try codec.decodeEnvelope($0) } == large)
            for golden in Golden.all { #expect(try golden.encode(codec).withUnsafeBytes { try golden.reads(codec, $0) }) }
        }
    }
}

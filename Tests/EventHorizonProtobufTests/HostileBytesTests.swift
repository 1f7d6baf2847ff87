import EventHorizon
import EventHorizonProtobuf
import Testing

/// Any bytes are a value or an error: never a trap, never an endless loop.
@Suite struct HostileBytes {
    @Test func malformed_bytes_are_named() {
        func expect(_ hex: String, _ error: ProtobufError, at place: SourceLocation = #_sourceLocation) {
            #expect(throws: error, sourceLocation: place) { try decode(Every.self, bytes(hex)) }
        }
        expect("08", .truncated)
        expect("0880", .truncated)
        expect("31 0000", .truncated)
        expect("3d 00", .truncated)
        expect("42 05 61", .truncated)
        expect("42 ffffffffffffffffff01", .truncated)
        expect("42 ffffffffffffffff7f", .truncated)
        expect("08 ffffffffffffffffff02", .malformed("a varint of more than 64 bits"))
        expect("08 8080808080808080808001", .malformed("a varint of more than 64 bits"))
        expect("00 01", .malformed("a field of number 0"))
        expect("8080808010 01", .malformed("a field of number 536870912"))
        expect("0e", .malformed("wire type 6 in field 1"))
        expect("0f", .malformed("wire type 7 in field 1"))
        expect("0c", .malformed("group 1 ends and was not begun"))
        expect("0b 14", .malformed("group 2 ends and was not begun"))
        expect("0b", .truncated)
        expect("0a 00", .wrongType(field: 1, found: "text, bytes or a message", wanted: "Bool"))
        expect("40 01", .wrongType(field: 8, found: "a varint", wanted: "String"))
        expect("48 01", .wrongType(field: 9, found: "a varint", wanted: "bytes"))
        expect("58 01", .wrongType(field: 11, found: "a varint", wanted: "a message"))
        expect("35 00000000 30 01", .wrongType(field: 6, found: "a varint", wanted: "Double"))
        expect("42 02 c328", .notUTF8(field: 8))
        expect("62 03 0180 80", .truncated)
        expect("6a 04 00000000", .truncated)
    }

    @Test func an_overlong_varint_that_fits_is_read() throws {
        #expect(try decode(Every.Seat.self, bytes("08 8180808080808080 8000")).row == 1)
    }

    @Test func every_truncation_is_a_value_or_an_error() {
        for count in 0..<Format.golden.count { _ = try? decode(Every.self, Array(Format.golden.prefix(count))) }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func mutations_are_values_or_errors(seed: UInt64) throws {
        var random = Generator(state: seed)
        var values = 0
        for _ in 0..<1_000 {
            var mutated = Format.golden
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: 0..<mutated.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: mutated[index] = .random(in: 0 ... .max, using: &random)
                case 1: mutated[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: mutated.remove(at: index)
                default: mutated.insert(.random(in: 0 ... .max, using: &random), at: index)
                }
            }
            // What is read can be written and read again.
            guard let value = try? decode(Every.self, mutated) else { continue }
            values += 1
            let again = try decode(Every.self, encode(value))
            #expect(try encode(again) == encode(value), "seed \(seed)")
        }
        #expect(values > 0)
    }

    @Test(arguments: [5, 6] as [UInt64]) func random_bytes_are_values_or_errors(seed: UInt64) {
        var random = Generator(state: seed)
        for _ in 0..<5_000 {
            let count = Int.random(in: 0..<64, using: &random)
            let noise = (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
            _ = try? decode(Every.self, noise)
            _ = try? decode(Format.Drawing.self, noise)
            _ = try? decode(Refusals.Node.self, noise)
        }
    }

    /// SplitMix64, so that a seed says everything.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }
}

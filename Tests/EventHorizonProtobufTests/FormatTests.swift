import EventHorizon
import EventHorizonProtobuf
import Testing

func encode(_ value: some Encodable) throws -> [UInt8] { try ProtobufFormat().encode { try value.encode(to: $0) } }
func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value { try ProtobufFormat().decode(bytes) { try Value(from: $0) } }

@Suite struct Format {
    /// Python's protobuf 4.25 wrote this: packed lists, no zeros, `fixed` fields, an unpacked list.
    static let golden = bytes(
        """
        0801108080808080808080800118f9ffffffffffffffff0120ffffffffffffffffff0128ffffffff0f31000000000000e0bf3d0000c03f
        4211e1bc88ceb8ceb7cebde1beb620f09fa6894a0200ff50025a050803120178620d01ffffffffffffffffff01ac02
        6a10000000000000e03f00000000000000c072007201627a0208017a007a0312017a8201030102008a010201009001009a01009a010161
        a101fbffffffffffffffad0107000000b001ffffffffffffffffff01b00102ba01080000803e00008040
        """)

    @Test func what_python_wrote_is_read() throws {
        #expect(try decode(Every.self, Self.golden) == .full)
    }

    @Test func what_was_written_is_read() throws {
        #expect(try decode(Every.self, encode(Every.full)) == .full)
        #expect(try decode(Every.self, encode(Every())) == Every())
    }

    @Test func what_is_absent_is_zero_or_nil() throws { #expect(try decode(Every.self, []) == Every()) }

    @Test func fields_are_written_as_protobuf_says() throws {
        struct Small: Encodable {
            var a = -1
            var b = ["x", ""]
            var c: Int?
            var d = Every.Seat(row: 300)
            var e = [1, 2]
            enum CodingKeys: Int, CodingKey {
                case a = 1
                case b = 2
                case c = 3
                case d = 4
                case e = 16
            }
        }
        #expect(try encode(Small()) == bytes("08ffffffffffffffffff01 120178 1200 2205 08ac02 1200 800101 800102"))
    }

    @Test func unknown_fields_are_skipped() throws {
        // A varint, 8 bytes, 4 bytes, text, and a group with a group in it, all of numbers that no key has.
        let unknown = bytes("a006 01 a106 0102030405060708 a506 01020304 a206 0178 a306 0801 ab06 ac06 a406")
        #expect(try decode(Every.Seat.self, unknown + encode(Every.Seat(row: 3)) + unknown) == Every.Seat(row: 3))
    }

    @Test func of_a_field_that_comes_twice_the_last_counts_and_messages_are_merged() throws {
        #expect(try decode(Every.Seat.self, bytes("0801 0802")).row == 2)
        #expect(try decode(Every.self, bytes("5a020803 5a03120178")).seat == Every.Seat(row: 3, name: "x"))
    }

    @Test func lists_are_read_packed_one_by_one_and_mixed() throws {
        #expect(try decode(Every.self, bytes("6001 62020203 6004")).numbers == [1, 2, 3, 4])
        #expect(try decode(Every.self, bytes("8001 01 8201 020200 8001 01")).levels == [.low, .high, .none, .low])
    }

    @Test func an_integer_is_read_from_any_width_that_holds_it() throws {
        #expect(try decode(Every.self, bytes("18ffffffff0f")).small == -1)
        #expect(try decode(Every.self, bytes("1dffffffff")).small == -1)
        #expect(try decode(Every.self, bytes("11ffffffffffffffff")).big == -1)
        #expect(throws: ProtobufError.outOfRange(field: 3, wanted: "Int32")) { try decode(Every.self, bytes("188080808010")) }
        #expect(throws: ProtobufError.outOfRange(field: 5, wanted: "UInt32")) { try decode(Every.self, bytes("288080808010")) }
    }

    enum Shape: Codable, Equatable {
        case circle(radius: Double)
        case point
        case polygon(sides: [Int])
        enum CodingKeys: Int, CodingKey { case circle = 1, point = 2, polygon = 3 }
        enum CircleCodingKeys: Int, CodingKey { case radius = 1 }
        enum PolygonCodingKeys: Int, CodingKey { case sides = 1 }
    }
    struct Drawing: Codable, Equatable {
        var shapes: [Shape]
        var best: Shape?
        enum CodingKeys: Int, CodingKey {
            case shapes = 1
            case best = 2
        }
    }

    @Test func an_enum_with_values_is_one_of_several_messages() throws {
        let drawing = Drawing(shapes: [.circle(radius: 1), .point, .polygon(sides: [3, 4])], best: .point)
        #expect(try decode(Drawing.self, encode(drawing)) == drawing)
        #expect(try encode(Shape.point) == bytes("1200"))
    }

    @Test func bytes_come_back_as_messages_of_a_catalog() throws {
        for event in [Stay.booked(by: "ada", seats: 3, notes: ["window", "late"]), .booked(by: "", seats: .min, notes: []), .cancelled] {
            var read: [Stay] = []
            let payload = try Stay.catalog.encode(event, format: .protobuf)
            #expect(payload.contentType == "application/protobuf")
            try Stay.catalog.decode(payload, formats: [.protobuf], into: &read)
            #expect(read == [event])
        }
        let booked = try Stay.catalog.encode(.booked(by: "ada", seats: 3, notes: ["window", "late"]), format: .protobuf)
        #expect(booked.bytes == [10, 3, 97, 100, 97, 16, 3, 34, 6] + "window".utf8 + [34, 4] + "late".utf8)
    }
}

enum Stay: Message {
    case booked(by: String, seats: Int, notes: [String])
    case cancelled
    enum CodingKeys: String, MessageName {
        case booked = "tests.v1.StayBooked"
        case cancelled = "tests.v1.StayCancelled"
    }
    /// Field numbers of the protobuf message.
    enum BookedCodingKeys: Int, CodingKey { case by = 1, seats = 2, notes = 4 }
}

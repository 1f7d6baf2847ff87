import EventHorizon
import EventHorizonProtobuf
import Testing

/// What protobuf has no place for is refused when it is written, not lost.
@Suite struct Refusals {
    struct Field<Value: Codable>: Codable {
        var value: Value
        enum CodingKeys: Int, CodingKey { case value = 1 }
    }
    struct Unnumbered: Codable { var value = 1 }
    struct Reserved: Codable {
        var value = 1
        enum CodingKeys: Int, CodingKey { case value = 19_500 }
    }
    struct Negative: Codable {
        var value = 1
        enum CodingKeys: Int, CodingKey { case value = -1 }
    }
    struct Nothing: Codable, Equatable {}
    struct Silent: Codable {
        init() {}
        init(from decoder: any Decoder) {}
        func encode(to encoder: any Encoder) {}
    }
    final class Node: Codable {
        var next: Node?
        init(_ next: Node?) { self.next = next }
        enum CodingKeys: Int, CodingKey { case next = 1 }
    }

    @Test func keys_need_a_number_that_protobuf_allows() {
        #expect(throws: ProtobufError.noFieldNumber(key: "value")) { try encode(Unnumbered()) }
        #expect(throws: ProtobufError.noFieldNumber(key: "value")) { try decode(Unnumbered.self, []) }
        #expect(throws: ProtobufError.fieldNumber(19_500)) { try encode(Reserved()) }
        #expect(throws: ProtobufError.fieldNumber(-1)) { try encode(Negative()) }
        #expect(throws: ProtobufError.fieldNumber(-1)) { try decode(Negative.self, [8, 1]) }
        #expect(throws: ProtobufError.noFieldNumber(key: "a")) { try encode(Field(value: ["a": 1])) }
        #expect(
            ProtobufError.noFieldNumber(key: "value").description
                == "the key 'value' has no field number: write its coding keys as an enum of Int, case value = 1")
    }

    @Test func lists_of_lists_and_of_optionals_are_refused() {
        #expect(throws: ProtobufError.unsupported("a list of lists")) { try encode(Field(value: [[1], [2]])) }
        #expect(throws: ProtobufError.unsupported("a list of lists")) { try decode(Field<[[Int]]>.self, [10, 1, 1]) }
        #expect(throws: ProtobufError.unsupported("nil in a list")) { try encode(Field(value: [1, nil])) }
        #expect(throws: ProtobufError.unsupported("a list with an element that writes nothing")) { try encode(Field(value: [Silent()])) }
    }

    @Test func only_a_message_stands_alone() {
        #expect(throws: ProtobufError.unsupported("a single value that is no field of a message")) { try encode(1) }
        #expect(throws: ProtobufError.unsupported("a single value that is no field of a message")) { try encode("text") }
        #expect(throws: ProtobufError.unsupported("a list that is no field of a message")) { try encode([1]) }
        #expect(throws: ProtobufError.self) { try decode(Int.self, [8, 1]) }
        #expect(throws: ProtobufError.self) { try decode([Int].self, [8, 1]) }
        #expect(throws: ProtobufError.self) { try decode(String.self, [8, 1]) }
    }

    @Test func empty_messages_of_a_list_are_counted() throws {
        let written = try encode(Field(value: [Nothing(), Nothing()]))
        #expect(written == [10, 0, 10, 0])
        #expect(try decode(Field<[Nothing]>.self, written).value == [Nothing(), Nothing()])
        // A type that reads nothing must not make an endless list.
        #expect(try decode(Field<[Silent]>.self, [10, 0, 10, 0]).value.count == 2)
    }

    @Test func an_empty_list_writes_nothing() throws {
        #expect(try encode(Field(value: [Int]())) == [])
        #expect(try encode(Field(value: [String]())) == [])
    }

    @Test func messages_lie_within_each_other_to_a_limit() throws {
        func nested(_ depth: Int) -> Node { (1..<depth).reduce(Node(nil)) { node, _ in Node(node) } }
        func depth(_ node: Node?) -> Int { node.map { 1 + depth($0.next) } ?? 0 }
        let limit = ProtobufFormat.depthLimit
        #expect(try depth(decode(Node.self, encode(nested(limit)))) == limit)
        #expect(throws: ProtobufError.tooDeep) { try encode(nested(limit + 1)) }
        #expect(throws: ProtobufError.tooDeep) { try encode(nested(5_000)) }
        func written(_ depth: Int) -> [UInt8] {
            var message: [UInt8] = []
            for _ in 1..<depth {
                var length: [UInt8] = []
                var count = message.count
                while count > 0x7F {
                    length.append(UInt8(count & 0x7F) | 0x80)
                    count >>= 7
                }
                message = [10] + length + [UInt8(count)] + message
            }
            return message
        }
        #expect(try depth(decode(Node.self, written(limit))) == limit)
        #expect(throws: ProtobufError.tooDeep) { try decode(Node.self, written(limit + 1)) }
        #expect(throws: ProtobufError.tooDeep) { try decode(Node.self, written(5_000)) }
        #expect(throws: ProtobufError.tooDeep) { try decode(Node.self, [UInt8](repeating: 0x1B, count: 5_000)) }
    }
}

#if Kafka
import EventHorizon
import EventHorizonWire
import Testing

@testable import EventHorizonKafka

@Suite struct PartTests {
    private let codec = WireCodec()

    private func part(_ aggregates: String..., progress: UInt64? = nil) throws -> Part {
        var part = Part()
        for (index, aggregate) in aggregates.enumerated() {
            let id = MessageID(high: 1, low: UInt64(index))
            let stream = StreamID("c", aggregate)
            let command = Envelope(
                id: id, kind: .command, stream: stream, payload: Payload(name: "t", contentType: "", bytes: Array(aggregate.utf8)), correlation: id,
                occurredAt: Timestamp(nanoseconds: 0))
            try part.buffer.add(checked: command, to: 0, codec: codec)
            part.tokens.append((index + 1, index))
            part.commits.append((stream, index))
        }
        part.progress = progress.map { Position($0) }
        return part
    }

    private func aggregates(of part: Part) throws -> [String] {
        try part.buffer.records.indices.map { index in
            try part.buffer.value(of: index).withUnsafeBytes { try codec.decodeEnvelope($0).stream.aggregate }
        }
    }

    @Test func parts_are_joined_in_order_and_tokens_keep_their_records() throws {
        var first = try part("a", "b", progress: 5)
        first.append(try part("c", progress: 9))
        first.append(try part(progress: 7))
        #expect(try aggregates(of: first) == ["a", "b", "c"])
        #expect(first.tokens.map(\.record) == [0, 1, 2])
        #expect(first.commits.map(\.stream.aggregate) == ["a", "b", "c"])
        #expect(first.progress == Position(9), "progress never goes back")
    }

    @Test func a_refused_record_goes_and_the_others_keep_their_tokens() throws {
        var part = try part("a", "b", "c")
        #expect(part.remove(1) == 2)
        #expect(try aggregates(of: part) == ["a", "c"])
        #expect(part.tokens.map(\.token) == [1, 3] && part.tokens.map(\.record) == [0, 1])
        #expect(part.commits.map(\.stream.aggregate) == ["a", "c"] && part.commits.map(\.record) == [0, 1])
    }

    @Test func a_record_that_is_taken_back_leaves_nothing() throws {
        var part = try part("a", "b")
        let size = part.buffer.bytes.count
        part.buffer.add(TopologyKey.topology(after: 1, nonce: 1))
        part.buffer.removeLast()
        #expect(part.buffer.bytes.count == size && part.buffer.records.count == 2)
    }
}
#endif

import EventHorizon
import EventHorizonWire
import FoundationEssentials

/// Every sample with its file in `golden/`, and how it is written and read.
struct Golden: CustomStringConvertible, Sendable {
    let description: String
    let encode: @Sendable (WireCodec) -> [UInt8]
    /// Whether the bytes read as the sample does.
    let reads: @Sendable (WireCodec, UnsafeRawBufferPointer) throws(WireError) -> Bool
    /// Reads whatever the bytes hold and writes it again.
    let rewrite: @Sendable (WireCodec, UnsafeRawBufferPointer) throws(WireError) -> [UInt8]

    static let all: [Golden] = [
        envelope("envelope", Samples.envelope), envelope("envelope-bare", Samples.bareEnvelope),
        commit("commit", Samples.commit), commit("commit-bare", Samples.bareCommit),
        commit("commit-parked", Samples.parkedCommit),
        letter("dead-letter", Samples.letter), letter("dead-letter-bare", Samples.bareLetter),
        Golden(description: "answer") {
            $0.encode(Samples.answer)
        } reads: { codec, bytes throws(WireError) in
            try codec.decodeAnswer(bytes) == Samples.answer
        } rewrite: { codec, bytes throws(WireError) in
            codec.encode(try codec.decodeAnswer(bytes))
        },
        topology("topology", Samples.topology), topology("topology-bare", Samples.bareTopology),
        ownership("ownership", Samples.ownership), ownership("ownership-released", Samples.released),
        checkpoint("checkpoint", Samples.checkpoint), checkpoint("checkpoint-holding", Samples.holdingCheckpoint),
    ]

    private static func checkpoint(_ name: String, _ sample: CheckpointRecord) -> Golden {
        Golden(description: name) {
            $0.encode(sample)
        } reads: { codec, bytes throws(WireError) in
            try codec.decodeCheckpoint(bytes) == sample
        } rewrite: { codec, bytes throws(WireError) in
            codec.encode(try codec.decodeCheckpoint(bytes))
        }
    }

    private static func envelope(_ name: String, _ sample: Envelope) -> Golden {
        Golden(description: name) {
            $0.encode(sample)
        } reads: { codec, bytes throws(WireError) in
            try codec.decodeEnvelope(bytes) == sample
        } rewrite: { codec, bytes throws(WireError) in
            codec.encode(try codec.decodeEnvelope(bytes))
        }
    }

    private static func commit(_ name: String, _ sample: Commit) -> Golden {
        Golden(description: name) {
            $0.encode(sample)
        } reads: { codec, bytes throws(WireError) in
            try codec.decodeCommit(bytes) == sample
        } rewrite: { codec, bytes throws(WireError) in
            codec.encode(try codec.decodeCommit(bytes))
        }
    }

    private static func letter(_ name: String, _ sample: DeadLetter) -> Golden {
        Golden(description: name) {
            $0.encode(sample)
        } reads: { codec, bytes throws(WireError) in
            try codec.decodeDeadLetter(bytes) == sample
        } rewrite: { codec, bytes throws(WireError) in
            codec.encode(try codec.decodeDeadLetter(bytes))
        }
    }

    private static func topology(_ name: String, _ sample: Topology) -> Golden {
        Golden(description: name) {
            $0.encode(sample)
        } reads: { codec, bytes throws(WireError) in
            try codec.decodeTopology(bytes) == sample
        } rewrite: { codec, bytes throws(WireError) in
            codec.encode(try codec.decodeTopology(bytes))
        }
    }

    private static func ownership(_ name: String, _ sample: OwnershipRecord) -> Golden {
        Golden(description: name) {
            $0.encode(sample)
        } reads: { codec, bytes throws(WireError) in
            try codec.decodeOwnership(bytes) == sample
        } rewrite: { codec, bytes throws(WireError) in
            codec.encode(try codec.decodeOwnership(bytes))
        }
    }

    /// The committed bytes: hexadecimal digits, lines that begin with # aside.
    func bytes() throws -> [UInt8] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "golden/\(description).hex")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Hex.bytes(lines.joined())
    }
}

enum Hex {
    static func bytes(_ digits: String) -> [UInt8] {
        let nibbles = digits.compactMap(\.hexDigitValue)
        return stride(from: 0, to: nibbles.count, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
    }

    static func digits(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

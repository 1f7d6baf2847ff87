import EventHorizon
import EventHorizonWire
import Testing

struct RoundTripTests {
    let codec = WireCodec()

    @Test func every_record_reads_as_it_was_written() throws {
        for envelope in [Samples.envelope, Samples.bareEnvelope] {
            #expect(try codec.withEncoded(envelope) { try codec.decodeEnvelope($0) } == envelope)
        }
        for commit in [Samples.commit, Samples.bareCommit] { #expect(try codec.withEncoded(commit) { try codec.decodeCommit($0) } == commit) }
        for letter in [Samples.letter, Samples.bareLetter] { #expect(try codec.withEncoded(letter) { try codec.decodeDeadLetter($0) } == letter) }
        #expect(try codec.withEncoded(Samples.answer) { try codec.decodeAnswer($0) } == Samples.answer)
        for topology in [Samples.topology, Samples.bareTopology] {
            #expect(try codec.withEncoded(topology) { try codec.decodeTopology($0) } == topology)
        }
        for record in [Samples.ownership, Samples.released] { #expect(try codec.withEncoded(record) { try codec.decodeOwnership($0) } == record) }
        #expect(try codec.withEncoded(Samples.checkpoint) { try codec.decodeCheckpoint($0) } == Samples.checkpoint)
    }
}

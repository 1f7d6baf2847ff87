import EventHorizon
import EventHorizonWire
import Testing

/// What is refused, and the words that say why.
struct RefusalTests {
    private func refusal(_ bytes: [UInt8], limits: WireLimits = WireLimits(), _ read: (WireCodec, UnsafeRawBufferPointer) throws -> Void) -> String {
        let codec = WireCodec(limits: limits)
        do {
            try bytes.withUnsafeBytes { try read(codec, $0) }
            return "read"
        } catch { return "\(error)" }
    }
    private func envelope(_ bytes: [UInt8], limits: WireLimits = WireLimits()) -> String {
        refusal(bytes, limits: limits) { _ = try $0.decodeEnvelope($1) }
    }
    private func commit(_ bytes: [UInt8], limits: WireLimits = WireLimits()) -> String {
        refusal(bytes, limits: limits) { _ = try $0.decodeCommit($1) }
    }
    private func topology(_ bytes: [UInt8], limits: WireLimits = WireLimits()) -> String {
        refusal(bytes, limits: limits) { _ = try $0.decodeTopology($1) }
    }

    @Test func the_records_that_the_others_here_are_made_of_are_read() {
        #expect(envelope(Records.envelope) == "read")
        #expect(commit(Records.commit()) == "read")
        #expect(commit(Records.commit(Proto.field(5, Records.event()))) == "read")
        #expect(topology(Proto.field(1, 1)) == "read")
    }

    @Test func an_id_of_another_length_is_refused() {
        #expect(envelope(Records.envelope(id: [])) == "envelope.id is 0 bytes long: an id is the 16 bytes of a UUID")
        #expect(envelope(Records.envelope(id: [1, 2, 3])) == "envelope.id is 3 bytes long: an id is the 16 bytes of a UUID")
        #expect(
            envelope(Records.envelope(correlation: [UInt8](repeating: 0, count: 17)))
                == "envelope.correlation_id is 17 bytes long: an id is the 16 bytes of a UUID")
        #expect(envelope(Records.envelope + Proto.field(7, [1])) == "envelope.causation_id is 1 bytes long: an id is the 16 bytes of a UUID")
    }

    @Test func an_empty_name_is_refused() {
        #expect(envelope(Records.envelope(category: "")) == "envelope.category is empty: every record of this kind has one")
        #expect(envelope(Records.envelope(aggregate: "")) == "envelope.aggregate_id is empty: every stream has one")
        #expect(envelope(Records.envelope(type: "")) == "envelope.type is empty: every record of this kind has one")
        #expect(commit(Proto.field(2, "a") + Proto.field(3, 1) + Proto.field(4, 1)) == "commit.category is empty: every record of this kind has one")
        #expect(envelope(Records.envelope + Proto.field(15, Proto.field(1, "c"))) == "envelope.sender.aggregate_id is empty: every stream has one")
    }

    @Test func a_kind_a_log_or_an_outcome_that_nobody_knows_is_refused() {
        #expect(envelope(Records.envelope(kind: 0)) == "envelope.kind is 0: this build knows 1, a command, and 2, an event")
        #expect(envelope(Records.envelope(kind: 77)) == "envelope.kind is 77: this build knows 1, a command, and 2, an event")
        #expect(
            commit(Records.commit(Proto.field(8, Records.place(log: 4))))
                == "commit.inputs[0].place.log is 4: this build knows 1 to 3: deploy readers before writers")
        let decided = Proto.field(1, Records.id) + Proto.field(2, Records.place())
        #expect(commit(Records.commit(Proto.field(6, decided))) == "commit.decided[0].outcome is absent: every record of this kind has one")
        #expect(
            commit(Records.commit(Proto.field(6, decided + Proto.field(3, Proto.field(9, "of the future")))))
                == "commit.decided[0].outcome.outcome is none that this build knows: deploy readers before writers")
    }

    @Test func a_number_out_of_range_is_refused_before_anything_counts_on_from_it() {
        #expect(commit(Records.commit(number: 0)) == "commit.number is 0: from 1 to below 2^62 can be read")
        #expect(commit(Records.commit(firstVersion: 0)) == "commit.first_version is 0: from 1 to below 2^62 can be read")
        #expect(commit(Records.commit(firstVersion: .max)) == "commit.first_version is 18446744073709551615: from 1 to below 2^62 can be read")
        #expect(envelope(Records.envelope(schema: 0)) == "envelope.schema_version is 0: from 1 to below 2^31 can be read")
        #expect(envelope(Records.envelope(schema: 1 << 31)) == "envelope.schema_version is 2147483648: from 1 to below 2^31 can be read")
        #expect(
            envelope(Records.envelope + Proto.field(12, 1 << 62))
                == "envelope.expected_version is 4611686018427387904: from 0 to below 2^62 can be read")
        #expect(
            commit(Records.commit(Proto.field(8, Records.place(position: 1 << 62))))
                == "commit.inputs[0].place.position is 4611686018427387904: positions lie below 2^62")
        #expect(
            commit(Records.commit(Proto.field(8, Records.place(partition: 70_000))))
                == "commit.inputs[0].place.partition is 70000: below 65536 can be read (WireLimits.partitions)")
        let accepted = Proto.field(1, (1 << 62) - 1) + Proto.field(4, .max)
        let recent = Proto.field(1, Records.id) + Proto.field(2, accepted) + Proto.field(3, 1)
        #expect(
            commit(Records.commit(Proto.field(7, recent)))
                == "commit.recent[0].outcome.accepted_count is 18446744073709551615: from 0 to below 2^62 can be read")
    }

    @Test func what_a_writer_got_out_of_range_is_refused_by_the_reader() throws {
        let codec = WireCodec()
        var commit = Samples.bareCommit
        commit.number = -1
        #expect(throws: WireError.self) { try codec.withEncoded(commit) { try codec.decodeCommit($0) } }
        var envelope = Samples.envelope
        envelope.payload.schema = -1
        #expect(throws: WireError.self) { try codec.withEncoded(envelope) { try codec.decodeEnvelope($0) } }
        envelope = Samples.envelope
        envelope.expectedVersion = .min
        #expect(throws: WireError.self) { try codec.withEncoded(envelope) { try codec.decodeEnvelope($0) } }
    }

    @Test func an_event_of_another_stream_or_kind_has_no_place_in_a_commit() throws {
        let elsewhere = Proto.field(9, "other") + Proto.field(10, "a")
        #expect(
            commit(Records.commit(Proto.field(5, Records.event(elsewhere))))
                == "commit.events[0].stream is other/a: an event is its commit's, and that is of 'c/a'")
        #expect(commit(Records.commit(Proto.field(5, Records.event(Proto.field(11, 1))))) == "commit.events[0].kind is 1: a commit holds events")
        #expect(commit(Records.commit(Proto.field(5, Records.event(Proto.field(9, "c") + Proto.field(10, "a") + Proto.field(11, 2))))) == "read")

        let codec = WireCodec()
        var sample = Samples.commit
        sample.events[0].stream.aggregate = "zeus"
        #expect(throws: WireError.self) { try codec.withEncoded(sample) { try codec.decodeCommit($0) } }
    }

    @Test func a_count_beyond_its_limit_is_refused() {
        var limits = WireLimits()
        limits.eventsPerCommit = 2
        limits.metadataEntries = 1
        limits.groups = 1
        limits.categoriesPerGroup = 1
        limits.effectsPerStep = 1
        let three = Proto.field(5, Records.event()) + Proto.field(5, Records.event()) + Proto.field(5, Records.event())
        #expect(commit(Records.commit(three), limits: limits) == "commit.events is 3 in number: at most 2 are read (WireLimits.eventsPerCommit)")
        #expect(
            envelope(Records.envelope + Proto.field(20, []) + Proto.field(20, []), limits: limits)
                == "envelope.metadata is 2 in number: at most 1 are read (WireLimits.metadataEntries)")
        let group = Proto.field(1, "g") + Proto.field(2, 1)
        #expect(
            topology(Proto.field(1, 1) + Proto.field(3, group) + Proto.field(3, group), limits: limits)
                == "topology.groups is 2 in number: at most 1 are read (WireLimits.groups)")
        #expect(
            topology(Proto.field(1, 1) + Proto.field(3, group + Proto.field(3, "c") + Proto.field(3, "d")), limits: limits)
                == "topology.groups[0].categories is 2 in number: at most 1 are read (WireLimits.categoriesPerGroup)")
        let step = Proto.field(1, Proto.field(1, "s") + Proto.field(2, 1)) + Proto.field(2, Records.envelope) + Proto.field(2, Records.envelope)
        #expect(
            commit(Records.commit(Proto.field(9, step)), limits: limits)
                == "commit.step.effects is 2 in number: at most 1 are read (WireLimits.effectsPerStep)")
    }

    @Test func a_length_beyond_its_limit_is_refused() {
        let long = String(repeating: "x", count: 1_025)
        #expect(envelope(Records.envelope(aggregate: String(long.dropLast()))) == "read")
        #expect(
            envelope(Records.envelope(aggregate: long)) == "envelope.aggregate_id is 1025 bytes long: at most 1024 are read (WireLimits.aggregateID)")
        #expect(envelope(Records.envelope(type: long)) == "envelope.type is 1025 bytes long: at most 256 are read (WireLimits.name)")
        #expect(
            envelope(Records.envelope + Proto.field(17, long)) == "envelope.principal is 1025 bytes long: at most 1024 are read (WireLimits.identity)"
        )
        var limits = WireLimits()
        limits.recordSize = 10
        #expect(
            envelope(Records.envelope, limits: limits)
                == "envelope is \(Records.envelope.count) bytes long: at most 10 are read (WireLimits.recordSize)")
    }

    @Test func a_log_or_a_group_that_is_there_twice_is_refused() {
        let incarnation = Proto.field(2, Proto.field(1, 1))
        #expect(
            topology(Proto.field(1, 1) + incarnation + incarnation) == "topology.incarnations is twice there for the commands log: each log has one")
        let group = Proto.field(3, Proto.field(1, "g") + Proto.field(2, 1))
        #expect(topology(Proto.field(1, 1) + group + group) == "topology.groups is twice there for 'g': each name is one group's")
        #expect(topology([]) == "topology.partition_count is 0: from 1 to below 2^31 can be read")
    }

    @Test func bytes_that_are_no_record_are_refused() {
        let words = "a protobuf message of proto/eventhorizon/v1, whole"
        #expect(envelope(Array("{\"json\": true}".utf8)) == "envelope is 14 bytes that cannot be taken apart: \(words)")
        #expect(
            envelope(Array(Records.envelope.dropLast())) == "envelope is \(Records.envelope.count - 1) bytes that cannot be taken apart: \(words)")
        #expect(envelope([]) == "envelope.category is empty: every record of this kind has one")
    }

    /// Two bytes each, hundreds as structs: memory must not follow.
    @Test func a_crowd_of_empty_fields_takes_no_memory_beyond_its_share() {
        // Inside a saga's step, where nothing counts them beforehand: its state, which protobuf-c merges when it comes twice, and its effects.
        #expect(commit(Records.commit(Proto.field(9, empty(1, times: 1_000_000)))) != "read")
        let words = commit(Records.commit(Proto.field(9, empty(2, times: 1_000_000))))
        #expect(words.hasSuffix("bytes that cannot be taken apart: a protobuf message of proto/eventhorizon/v1, whole"))
    }

    private func empty(_ field: UInt64, times: Int) -> [UInt8] {
        let one = Proto.field(field, [])
        var all: [UInt8] = []
        for _ in 0..<times { all += one }
        return all
    }

    @Test func the_densest_record_that_is_valid_is_read() throws {
        let codec = WireCodec()
        let letters = Array("abcdefghijklmnop")
        let keys: [String] = letters.flatMap { first in letters.map { String([first, $0]) } }
        var commit = Samples.bareCommit
        commit.events = (0..<1_000).map { number in
            var event = Samples.event(UInt64(number), of: commit.stream)
            event.payload = Payload(name: "t", contentType: "", bytes: [])
            event.metadata = Dictionary(uniqueKeysWithValues: keys.map { ($0, "") })
            return event
        }
        #expect(try codec.withEncoded(commit) { try codec.decodeCommit($0) } == commit)
    }

    private func refused(_ body: () throws -> Void) -> WireError? {
        do {
            try body()
            return nil
        } catch { return error as? WireError }
    }

    @Test func a_writer_can_ask_beforehand_and_gets_the_answer_of_the_reader() throws {
        var limits = WireLimits()
        limits.recordSize = 4_000
        let codec = WireCodec(limits: limits)
        let long = String(repeating: "x", count: 1_025)
        var commits = [Samples.commit, Samples.bareCommit, Samples.commit, Samples.commit, Samples.commit, Samples.commit]
        commits[2].step?.effects[0].stream.aggregate = long
        commits[3].events[1].payload.schema = 0
        commits[4].decided[2].outcome = .deadLettered(reason: String(repeating: long, count: 4))
        commits[5].inputs[0].partition = -1
        for (number, commit) in commits.enumerated() {
            let read = refused { _ = try codec.withEncoded(commit) { try codec.decodeCommit($0) } }
            let asked = refused { try codec.check(commit) }
            #expect(asked == read)
            #expect((asked == nil) == (number < 2), "\(number)")
        }
        var envelope = Samples.envelope
        try codec.check(envelope)
        envelope.stream.aggregate = long
        #expect(throws: WireError(field: "envelope.aggregate_id", value: "1025 bytes long", limit: "at most 1024 are read (WireLimits.aggregateID)"))
        {
            try codec.check(envelope)
        }
        var letter = Samples.letter
        try codec.check(letter)
        letter.record = [UInt8](repeating: 0, count: 4_000)
        #expect(throws: WireError.self) { try codec.check(letter) }
        // Asking leaves nothing behind.
        #expect(codec.encode(Samples.commit) == WireCodec().encode(Samples.commit))
    }
}

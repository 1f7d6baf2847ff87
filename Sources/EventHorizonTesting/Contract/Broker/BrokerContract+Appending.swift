public import EventHorizon
internal import Testing

extension BrokerContract {
    /// A first append and those that follow are stored in order, and load as they were: whole, the last, those after a position; an unknown stream
    /// is empty.
    public func appended_commits_are_loaded(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let stream = StreamID(Self.counters, "loaded")
            var stored: [StoredCommit] = []
            var version = 1
            for (number, texts) in [["a"], ["b", "c"], ["d", "e", "f"]].enumerated() {
                let commit = commit(texts, number: number + 1, version: version, to: "loaded", incarnation: member.incarnation, by: broker)
                version += texts.count
                let position = try #require(try await probe.append(commit, after: stored.last?.position ?? .start).stored)
                #expect(position > stored.last?.position ?? .start)
                stored.append(StoredCommit(commit: commit, position: position))
            }
            let neighbour = commit(["x"], to: "neighbour", incarnation: member.incarnation, by: broker)
            #expect(try await probe.append(neighbour, after: .start).stored != nil)
            #expect(try await probe.load(stream) == stored)
            #expect(try await probe.load(stream, .last) == [stored[2]])
            #expect(try await probe.load(stream, .after(stored[0].position)) == Array(stored[1...]))
            #expect(try await probe.load(stream, .after(stored[2].position)).isEmpty)
            #expect(try await probe.load(StreamID(Self.counters, "unknown")).isEmpty)
            #expect(try await probe.load(StreamID(Self.others, "loaded")).isEmpty, "another category's stream is another stream")
            #expect(try await probe.load(StreamID(Self.counters, "unknown"), .last).isEmpty)
        }
    }

    /// A reader of events, which writes none, loads them as who handles the category does.
    public func a_reader_of_events_loads_streams(_ broker: any Broker) async throws {
        let stream = StreamID(Self.counters, "loaded")
        let stored = try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            var stored: [StoredCommit] = []
            for number in 1...3 {
                let commit = commit(["\(number)"], number: number, version: number, to: "loaded", incarnation: member.incarnation, by: broker)
                let position = try #require(try await probe.append(commit, after: stored.last?.position ?? .start).stored)
                stored.append(StoredCommit(commit: commit, position: position))
                let neighbour = self.commit(["x"], to: "neighbour-\(number)", incarnation: member.incarnation, by: broker)
                #expect(try await probe.append(neighbour, after: .start).stored != nil)
            }
            return stored
        }
        let group = GroupDeclaration(name: "reader", log: .events, categories: [Self.counters], keepsOwnProgress: true)
        try await broker.withMember(of: group) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            #expect(try await probe.load(stream) == stored)
            #expect(try await probe.load(stream, .last) == [stored[2]])
            #expect(try await probe.load(stream, .after(stored[0].position)) == Array(stored[1...]))
            #expect(try await probe.load(stream, .after(stored[2].position)).isEmpty)
            #expect(try await probe.load(StreamID(Self.counters, "unknown")).isEmpty)
        }
    }

    /// An append whose place is taken, or does not exist, is a conflict and stores nothing.
    public func an_append_at_the_wrong_place_conflicts(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let stream = StreamID(Self.counters, "contested")
            let incarnation = member.incarnation
            let first = try #require(
                try await probe.append(commit(["first"], to: "contested", incarnation: incarnation, by: broker), after: .start).stored)
            let again = try await probe.append(commit(["again"], to: "contested", incarnation: incarnation, by: broker), after: .start)
            #expect(again == .conflict(first))
            let second = try #require(
                try await probe.append(
                    commit(["second"], number: 2, version: 2, to: "contested", incarnation: incarnation, by: broker), after: first
                ).stored)
            let late = try await probe.append(
                commit(["late"], number: 2, version: 2, to: "contested", incarnation: incarnation, by: broker), after: first)
            #expect(late == .conflict(second))
            #expect(try await probe.load(stream).map(\.position) == [first, second])
            let missing = try await probe.append(
                commit(["missing"], number: 2, version: 2, to: "missing", incarnation: incarnation, by: broker), after: first)
            if case .conflict = missing {
            } else {
                Issue.record("an append after a position of a stream that does not exist must conflict: \(missing)")
            }
            #expect(try await probe.load(StreamID(Self.counters, "missing")).isEmpty)
        }
    }

    /// A commit without events takes no version, but a place: it is loaded, and what follows is appended after it.
    public func a_commit_without_events_takes_a_place(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let incarnation = member.incarnation
            let empty = commit([], to: "quiet", incarnation: incarnation, by: broker)
            let place = try #require(try await probe.append(empty, after: .start).stored)
            let next = commit(["one"], number: 2, version: 1, to: "quiet", incarnation: incarnation, by: broker)
            if case .conflict = try await probe.append(next, after: .start) {} else { Issue.record("the empty commit takes the first place") }
            #expect(try await probe.append(next, after: place).stored != nil)
            let loaded = try await probe.load(StreamID(Self.counters, "quiet"))
            #expect(loaded.map(\.commit) == [empty, next])
            #expect(loaded.map(\.commit.version) == [0, 1])
        }
    }

    /// The same append again is recognised, and answered with the position at which it lies.
    public func the_same_append_twice_is_a_duplicate(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let incarnation = member.incarnation
            let first = commit(["first"], to: "repeated", incarnation: incarnation, by: broker)
            let place = try #require(try await probe.append(first, after: .start).stored)
            #expect(try await probe.append(first, after: .start) == .duplicate(place))
            let second = commit([], number: 2, version: 2, to: "repeated", incarnation: incarnation, by: broker)
            let next = try #require(try await probe.append(second, after: place).stored)
            #expect(try await probe.append(second, after: place) == .duplicate(next))
            #expect(try await probe.load(StreamID(Self.counters, "repeated")).map(\.position) == [place, next])
        }
    }

    /// Of two appends that race for one place exactly one wins, whoever makes them.
    public func of_two_racing_appends_one_wins(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler("one")) { first in
            try await broker.withMember(of: handler("two", of: [Self.others])) { second in
                let one = probe(first, broker)
                let two = probe(second, broker)
                try await MemberProbe.wait(for: "both groups hold everything", one, two) {
                    one.held.count == first.partitionCount && two.held.count == second.partitionCount
                }
                for round in 0..<30 {
                    let aggregate = "race-\(round)"
                    let tokens = (one.token(), two.token())
                    for (probe, token) in [(one, tokens.0), (two, tokens.1)] {
                        var outcome = Outcome()
                        let commit = commit(["by \(probe.member.id)"], to: aggregate, incarnation: first.incarnation, by: broker)
                        outcome.appends.append(
                            Outcome.Append(token: token, partition: probe.partition(of: commit.stream), commit: commit, previous: .start))
                        probe.submit(outcome)
                    }
                    try await MemberProbe.wait(for: "both are answered", one, two) {
                        one.answers[tokens.0] != nil && two.answers[tokens.1] != nil
                    }
                    let answers = [one.answers[tokens.0], two.answers[tokens.1]].compactMap(\.self)
                    let winners = answers.compactMap(\.stored)
                    let position = try #require(winners.first)
                    #expect(winners.count == 1)
                    #expect(answers.contains(.conflict(position)))
                    #expect(try await one.load(StreamID(Self.counters, aggregate)).map(\.position) == [position])
                }
            }
        }
    }

    /// Where an outcome is stored whole or not at all, one conflict keeps everything else of its partition from being stored, and the partition is
    /// lost.
    public func a_conflict_keeps_the_whole_outcome_from_being_stored(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let incarnation = member.incarnation
            let taken = commit(["taken"], to: "taken", incarnation: incarnation, by: broker)
            #expect(try await probe.append(taken, after: .start).stored != nil)
            // Aggregates of the same partition.
            let partition = probe.partition(of: taken.stream)
            let neighbour = try #require(
                (0..<10_000).map { "n-\($0)" }.first { Partitioner.partition(of: $0, count: member.partitionCount) == partition })
            var outcome = Outcome()
            outcome.appends = [
                Outcome.Append(
                    token: probe.token(), partition: partition, commit: commit(["new"], to: neighbour, incarnation: incarnation, by: broker),
                    previous: .start),
                Outcome.Append(
                    token: probe.token(), partition: partition, commit: commit(["late"], to: "taken", incarnation: incarnation, by: broker),
                    previous: .start),
            ]
            outcome.messages = [Outcome.Message(token: probe.token(), partition: partition, envelope: command("effect", to: "effect", by: broker))]
            probe.submit(outcome)
            try await probe.wait(for: "the partition is lost and claimed again") {
                probe.lost.contains(partition) && probe.held.contains(partition)
            }
            #expect(try await probe.load(StreamID(Self.counters, neighbour)).isEmpty)
            try await publish([command("marker", to: "effect", by: broker)], on: broker)
            try await probe.wait(for: "the marker is delivered") { !probe.commands.isEmpty }
            #expect(probe.commands.map(text) == ["marker"])
        }
    }

    /// Commands that a member sends are stored and delivered; letters are stored.
    public func messages_and_letters_of_a_member_are_stored(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let sent = command("sent", to: "target", by: broker)
            let position = try #require(try await probe.send(sent).stored)
            try await probe.wait(for: "the command is delivered") { !probe.commands.isEmpty }
            #expect(probe.commands == [sent])
            #expect(probe.deliveries.map(\.position) == [position])
            #expect(try await probe.post(letter([1, 2, 3], incarnation: member.incarnation, by: broker)).stored != nil)
        }
    }

    /// A letter's message is read back as it was sent, also where the letter holds only the place; of a letter that is not there the reason is said.
    public func a_letters_message_is_loaded(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let sent = ["first", "second"].map { command($0, to: "parked", by: broker) }
            let stream = sent[0].stream
            try await publish(sent, on: broker)
            try await probe.wait(for: "the commands are delivered") { probe.commands.count == 2 }
            var letters: [Position] = []
            for (delivery, message) in zip(probe.deliveries, [nil, sent[1]]) {
                var letter = letter([], incarnation: member.incarnation, by: broker)
                letter.place.partition = delivery.partition
                letter.place.position = delivery.position
                letter.stream = stream
                letters.append(try #require(try await probe.post(letter, message: message).stored))
            }
            #expect(try await probe.message(of: stream, letter: letters[1]) == sent[1])
            #expect(try await probe.message(of: stream, letter: letters[0]) == sent[0], "the command that lies at the letter's place")
            await #expect(throws: BrokerError.self) { _ = try await probe.message(of: stream, letter: Position(letters[1].rawValue + 1_000)) }
            #expect(try await probe.load(stream).isEmpty)
        }
    }

    /// What is larger than the broker's limit is refused, and the sentence names both sizes; what just fits is stored.
    public func a_record_over_the_limit_is_refused(_ broker: any Broker) async throws {
        let limits = broker.features
        var large = command("", to: "large", by: broker)
        large.payload.bytes = Array(repeating: 0x61, count: limits.maximumPublishSize + 1)
        var fitting = command("", to: "fitting", by: broker)
        fitting.payload.bytes = Array(repeating: 0x61, count: limits.maximumPublishSize - 4_096)
        let results = try await broker.publish([large, fitting])
        guard case .refused(let reason) = results.first else {
            throw BrokerError(.protocolViolation, "a command over the limit was not refused: \(results)")
        }
        #expect(reason.contains("\(limits.maximumPublishSize)"), "the sentence names the limit: \(reason)")
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            try await probe.wait(for: "what fits is delivered") { !probe.commands.isEmpty }
            #expect(probe.commands == [fitting])
            var commit = commit(["large"], to: "large", incarnation: member.incarnation, by: broker)
            commit.events[0].payload.bytes = Array(repeating: 0x61, count: limits.maximumRecordSize + 1)
            let answer = try await probe.append(commit, after: .start)
            guard case .refused(let reason) = answer else {
                throw BrokerError(.protocolViolation, "a commit over the limit was not refused: \(answer)")
            }
            #expect(reason.contains("\(limits.maximumRecordSize)"), "the sentence names the limit: \(reason)")
            let letter = letter(Array(repeating: 0, count: limits.maximumRecordSize + 1), incarnation: member.incarnation, by: broker)
            #expect(try await probe.post(letter).stored != nil, "a letter that does not fit holds only the place")
            #expect(try await probe.load(StreamID(Self.counters, "large")).isEmpty)
        }
    }

    /// Aggregate ids are any text: dots, blanks, wildcards, other alphabets.
    public func odd_aggregate_ids_are_kept(_ broker: any Broker) async throws {
        try await keeps(
            [
                "a.b.c", "a b", " ", "*", ">", "a*b>c", "$JS.API.INFO", "_INBOX", "Zoë/ñ", "日本語", "🎉", "%2E", "=", "line\nbreak", "\"'\\",
            ], broker)
    }

    /// Aggregate ids may be 1,024 bytes long.
    public func long_aggregate_ids_are_kept(_ broker: any Broker) async throws {
        try await keeps([String(repeating: "x", count: 1_024), String(repeating: "ü", count: 512)], broker)
    }

    private func keeps(_ ids: [String], _ broker: any Broker) async throws {
        let sent = ids.map { command($0, to: $0, by: broker) }
        try await publish(sent, on: broker)
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            try await probe.wait(for: "a command for each id is delivered") { probe.commands.count >= ids.count }
            #expect(probe.commands.map(\.stream.aggregate).sorted() == ids.sorted())
            for id in ids {
                let commit = commit(["of \(id)"], to: id, incarnation: member.incarnation, by: broker)
                let position = try #require(try await probe.append(commit, after: .start).stored)
                #expect(try await probe.load(StreamID(Self.counters, id)) == [StoredCommit(commit: commit, position: position)])
            }
        }
    }
}

public import EventHorizon
internal import Testing

extension BrokerContract {
    /// A log is read without a group: every record once, in order within its partition, up to where the log ended, from after given positions, and only as
    /// long as it is wanted. No group's deliveries change by it.
    public func a_log_is_read_without_a_group(_ broker: any Broker) async throws {
        #expect(try await records(LogRange(.commands), of: broker).isEmpty, "nothing lies in a log that is new")
        // More than one batch, in every partition.
        let sent = (0..<3_000).map { command("\($0)", to: "reader-\($0 % 24)", by: broker) }
        let positions = try await publish(sent, on: broker)
        var writtenMeanwhile = false
        let read = try await records(LogRange(.commands), of: broker) { _ in
            guard !writtenMeanwhile else { return true }
            writtenMeanwhile = true
            try await publish([command("later", to: "reader-0", by: broker)], on: broker)
            return true
        }
        #expect(read.count == sent.count, "all that lies there is read, and nothing that is written later")
        for (envelope, position) in zip(sent, positions) where Int(text(envelope)).map({ $0 % 97 == 0 }) ?? false {
            #expect(read.contains { $0.position == position && $0.command == envelope })
        }
        expectOrder(read)
        for partition in Set(read.map(\.partition)) {
            let there = read.filter { $0.partition == partition }
            let middle = there[there.count / 2].position
            let rest = try await records(LogRange(.commands, partition: partition, after: [partition: middle]), of: broker)
            #expect(rest.filter { $0.command.map(text) != "later" } == Array(there.suffix(there.count - there.count / 2 - 1)))
            let first = try await records(LogRange(.commands, from: middle, in: partition), of: broker) { _ in false }
            #expect(first.first == there[there.count / 2] && first.count <= 1_024)
        }
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.wait(for: "all commands are delivered") { probe.commands.count > sent.count }
        }
    }

    /// Of named streams their own records are read, in order, also where others share the partition; of a stream that does not exist, none.
    public func a_streams_records_are_read_alone(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            var stored: [StreamID: [LogRecord]] = [:]
            for aggregate in ["one", "two", "a b.c*"] {
                var previous = Position.start
                for number in 1...5 {
                    let commit = commit(
                        ["\(number)"], number: number, version: number, to: aggregate, incarnation: member.incarnation, by: broker)
                    previous = try #require(try await probe.append(commit, after: previous).stored)
                    let partition = probe.partition(of: commit.stream)
                    stored[commit.stream, default: []].append(LogRecord(partition: partition, position: previous, content: .commit(commit)))
                }
            }
            for (stream, commits) in stored {
                #expect(try await records(LogRange(.events, streams: [stream]), of: broker) == commits)
                let after = [commits[1].partition: commits[1].position]
                #expect(try await records(LogRange(.events, streams: [stream], after: after), of: broker) == Array(commits[2...]))
            }
            let both = try await records(LogRange(.events, streams: [StreamID(Self.counters, "one"), StreamID(Self.counters, "a b.c*")]), of: broker)
            #expect(both.count == 10)
            for aggregate in ["one", "a b.c*"] {
                #expect(both.filter { $0.commit?.stream.aggregate == aggregate } == stored[StreamID(Self.counters, aggregate)])
            }
            #expect(try await records(LogRange(.events, streams: [StreamID(Self.counters, "nobody")]), of: broker).isEmpty)
            #expect(try await records(LogRange(.events, streams: [StreamID(Self.others, "one")]), of: broker).isEmpty)
        }
    }

    /// Letters are read with their messages, where these can be read, and by their stream.
    public func letters_are_read_as_they_lie(_ broker: any Broker) async throws {
        try await broker.withMember(of: handler()) { member in
            let probe = probe(member, broker)
            try await probe.holdAll()
            let message = command("poison", to: "parked", by: broker)
            var named = letter([], incarnation: member.incarnation, by: broker)
            named.stream = message.stream
            named.place.partition = probe.partition(of: message.stream)
            let position = try #require(try await probe.post(named, message: message).stored)
            var stray = letter([0xFF, 1, 2, 3], incarnation: member.incarnation, by: broker)
            stray.place.position = Position(2)
            let strayPosition = try #require(try await probe.post(stray).stored)

            let read = try await records(LogRange(.deadLetters), of: broker)
            expectOrder(read)
            #expect(read.count == 2)
            let found = try #require(read.first { $0.position == position && $0.partition == named.place.partition })
            guard case .letter(var letter, let about) = found.content else {
                throw BrokerError(.protocolViolation, "a letter was read as something else: \(found)")
            }
            #expect(about == message)
            letter.record = []
            #expect(letter == named)
            #expect(read.contains(LogRecord(partition: 0, position: strayPosition, content: .letter(stray, message: nil))))
            #expect(try await records(LogRange(.deadLetters, streams: [message.stream]), of: broker) == [found])
        }
    }

    /// What a range holds.
    private func records(
        _ range: LogRange, of broker: any Broker, _ goesOn: ([LogRecord]) async throws -> Bool = { _ in true }
    ) async throws -> [LogRecord] {
        var read: [LogRecord] = []
        try await broker.read(range) { records in
            #expect(!records.isEmpty && records.count <= 1_024)
            read += records
            return try await goesOn(records)
        }
        return read
    }

    private func expectOrder(_ records: [LogRecord]) {
        for partition in Set(records.map(\.partition)) {
            let there = records.filter { $0.partition == partition }.map(\.position)
            #expect(there == there.sorted() && Set(there).count == there.count, "positions grow along partition \(partition)")
        }
    }
}

#if NATS
import EventHorizon
import EventHorizonBridge
import ServerSupport
import Synchronization
import Testing

@testable import EventHorizonNATS

@Suite(.serialized, .timeLimit(.minutes(2)))
struct Appends {
    /// Submits one outcome and waits for as many answers and loads.
    private func settle(_ member: any GroupMember, _ outcome: Outcome, answers: Int = 0, loads: Int = 0) async throws -> (
        [Int: SettleAnswer.Result], [Int: LoadedStream.Result]
    ) {
        var outcome = outcome
        var results: [Int: SettleAnswer.Result] = [:]
        var loaded: [Int: LoadedStream.Result] = [:]
        member.submit(&outcome)
        try await serve(member) { turn, _ in
            for answer in turn.answers {
                #expect(results[answer.token] == nil)
                results[answer.token] = answer.result
            }
            for load in turn.loaded { loaded[load.token] = load.result }
            return results.count >= answers && loaded.count >= loads
        }
        return (results, loaded)
    }

    private func claimed(_ member: any GroupMember, _ count: Int = 8) async throws {
        var held = 0
        try await serve(member) { turn, _ in
            held += turn.claimed.count
            return held == count
        }
    }

    private func append(_ token: Int, _ commit: Commit, after previous: Position) -> Outcome.Append {
        let partition = Partitioner.partition(of: commit.stream.aggregate, count: 8)
        return Outcome.Append(token: token, partition: partition, commit: commit, previous: previous)
    }

    private func load(_ token: Int, _ stream: StreamID, _ extent: Outcome.Load.Extent) -> Outcome.Load {
        Outcome.Load(token: token, partition: Partitioner.partition(of: stream.aggregate, count: 8), stream: stream, extent: extent)
    }

    private func commits(_ result: LoadedStream.Result?) -> [StoredCommit]? { if case .commits(let commits)? = result { commits } else { nil } }

    @Test func an_append_is_stored_once_recognised_when_repeated_and_refused_on_another_condition() async throws {
        try await withServer { server in
            let broker = broker(server)
            try await broker.withMember(of: handlers()) { member in
                try await claimed(member)
                let first = commit(command("a"), number: 1, at: place(1))
                var outcome = Outcome()
                outcome.appends = [append(1, first, after: .start)]
                var (results, _) = try await settle(member, outcome, answers: 1)
                guard case .stored(let position)? = results[1] else { Issue.record("\(results)"); return }

                // The same append again: not another commit.
                outcome.appends = [append(2, first, after: .start)]
                (results, _) = try await settle(member, outcome, answers: 1)
                #expect(results[2] == .duplicate(position))

                // Another decision at the same place.
                let other = commit(command("a"), number: 1, at: place(2))
                outcome.appends = [append(3, other, after: .start)]
                (results, _) = try await settle(member, outcome, answers: 1)
                #expect(results[3] == .conflict(position))

                let second = commit(command("a"), number: 2, at: place(3))
                outcome.appends = [append(4, second, after: position)]
                (results, _) = try await settle(member, outcome, answers: 1)
                guard case .stored(let next)? = results[4] else { Issue.record("\(results)"); return }
                #expect(next > position)

                // A condition that lies beyond the stream's end, as after a loss of the log's tail.
                outcome.appends = [append(5, commit(command("a"), number: 3, at: place(4)), after: Position(next.rawValue + 10))]
                (results, _) = try await settle(member, outcome, answers: 1)
                #expect(results[5] == .conflict(next))
                outcome.appends = [append(6, commit(command("b"), number: 2, at: place(4)), after: Position(7))]
                (results, _) = try await settle(member, outcome, answers: 1)
                #expect(results[6] == .conflict(.start))

                var loaded: [Int: LoadedStream.Result]
                outcome = Outcome()
                outcome.loads = [
                    load(1, first.stream, .whole), load(2, first.stream, .last), load(3, first.stream, .after(position)),
                    load(4, first.stream, .after(next)),
                    load(5, StreamID(invitations, "nobody"), .whole), load(6, StreamID(invitations, "nobody"), .last),
                ]
                (_, loaded) = try await settle(member, outcome, loads: 6)
                let all = [StoredCommit(commit: first, position: position), StoredCommit(commit: second, position: next)]
                #expect(commits(loaded[1]) == all)
                #expect(commits(loaded[2]) == [all[1]])
                #expect(commits(loaded[3]) == [all[1]])
                #expect(commits(loaded[4]) == [])
                #expect(commits(loaded[5]) == [])
                #expect(commits(loaded[6]) == [])
            }
        }
    }

    @Test func appends_whose_answers_died_with_the_server_are_stored_exactly_once() async throws {
        try await withServer { server in
            let broker = broker(server)
            try await broker.withMember(of: handlers()) { member in
                try await claimed(member)
                var outcome = Outcome()
                let count = 2000
                for number in 0..<count {
                    outcome.appends.append(append(number, commit(command("s\(number)"), number: 1, at: place(UInt64(number + 1))), after: .start))
                }
                let streams = outcome.appends.map(\.commit.stream)
                member.submit(&outcome)
                outcome.removeAll()
                var answers = 0
                try await serve(member) { turn, _ in
                    answers += turn.answers.count
                    return answers > 0
                }
                try await server.restart()
                var lost = 0
                try await serve(member, within: 30) { turn, _ in
                    answers += turn.answers.count
                    for answer in turn.answers {
                        switch answer.result {
                        case .stored, .duplicate: break
                        case .conflict, .refused: Issue.record("\(answer)")
                        }
                    }
                    for notice in turn.notices { if case .connectionLost = notice { lost += 1 } }
                    return answers == count
                }
                #expect(lost <= 1)
                outcome.loads = streams.enumerated().map { load($0.offset, $0.element, .whole) }
                let (_, loaded) = try await settle(member, outcome, loads: count)
                for index in streams.indices { #expect(commits(loaded[index])?.count == 1) }
            }
        }
    }

    @Test(arguments: [
        "a.b", "with space", "*", ">", "a.>", "=2E", "müller/ü", "tab\tline\n", "😀", "\u{0}", String(repeating: "k", count: 1024),
        String(repeating: "ü", count: 512),
    ])
    func an_id_of_any_characters_has_a_stream_of_its_own(_ id: String) async throws {
        try await Self.shared.withServer { server in
            let broker = broker(server, application: "odd\(abs(id.hashValue) % 1_000_000)")
            let sent = command(id)
            let result = try await broker.publish([sent])
            guard case .stored? = result.first else { Issue.record("\(result)"); return }
            try await broker.withMember(of: handlers()) { member in
                var delivered: Envelope?
                var results: [SettleAnswer.Result] = []
                var loaded: [StoredCommit]?
                try await serve(member) { turn, outcome in
                    for delivery in turn.deliveries {
                        guard case .command(let envelope) = delivery.content else { Issue.record("\(delivery)"); continue }
                        delivered = envelope
                        outcome.appends.append(append(1, commit(envelope, number: 1, at: place(1)), after: .start))
                    }
                    for answer in turn.answers {
                        results.append(answer.result)
                        outcome.loads.append(load(1, sent.stream, .whole))
                    }
                    for load in turn.loaded { loaded = commits(load.result) }
                    return loaded != nil
                }
                #expect(delivered == sent)
                #expect(results.count == 1)
                #expect(loaded?.map(\.commit.stream) == [sent.stream])
            }
        }
    }

    static let shared = SharedServer()

    @Test func what_is_too_large_is_refused_with_the_sizes() async throws {
        try await withServer { server in
            let broker = broker(server)
            let results = try await broker.publish([command("a", bytes: 10), command("b", bytes: 1_000_000), command("c", bytes: 10)])
            guard case .stored = results[0], case .refused(let reason) = results[1], case .stored = results[2] else {
                Issue.record("\(results)"); return
            }
            #expect(reason.contains("1000") && reason.contains(String(broker.features.maximumPublishSize)))
            try await broker.withMember(of: handlers()) { member in
                try await claimed(member)
                var outcome = Outcome()
                outcome.appends = [append(1, commit(command("a", bytes: 1_048_576), number: 1, at: place(1)), after: .start)]
                let large = Array(repeating: UInt8(7), count: 1_048_576)
                outcome.letters = [
                    Outcome.Letter(
                        token: 2, partition: 0,
                        letter: DeadLetter(
                            place: place(9), group: "g", reason: "r", attempts: 1, worker: "w", firstFailedAt: surroundings.clock.time,
                            lastFailedAt: surroundings.clock.time, stream: nil, type: "", record: large))
                ]
                let (answers, _) = try await settle(member, outcome, answers: 2)
                guard case .refused(let reason)? = answers[1], case .stored? = answers[2] else { Issue.record("\(answers)"); return }
                #expect(reason.contains("10488") && reason.contains(String(broker.features.maximumRecordSize)))
            }
        }
    }

    @Test func a_letter_is_stored_once() async throws {
        try await withServer { server in
            let broker = broker(server)
            try await broker.withMember(of: handlers()) { member in
                try await claimed(member)
                let letter = Outcome.Letter(
                    token: 1, partition: 0,
                    letter: DeadLetter(
                        place: place(9), group: "a group", reason: "r", attempts: 1, worker: "w", firstFailedAt: surroundings.clock.time,
                        lastFailedAt: surroundings.clock.time, stream: StreamID(invitations, "a"), type: "guestlist.v1.Create", record: []),
                    message: command("a"))
                var outcome = Outcome()
                outcome.letters = [letter]
                let (first, _) = try await settle(member, outcome, answers: 1)
                guard case .stored(let position)? = first[1] else { Issue.record("\(first)"); return }
                let (second, _) = try await settle(member, outcome, answers: 1)
                #expect(second[1] == .duplicate(position))
                // Another event of the same record is another letter.
                outcome.letters = [letter]
                outcome.letters[0].letter.place.index = 1
                let (third, _) = try await settle(member, outcome, answers: 1)
                guard case .stored(let other)? = third[1] else { Issue.record("\(third)"); return }
                #expect(other > position)
            }
        }
    }
}

/// One server for the cases of a parameterised test.
final class SharedServer: Sendable {
    private let server = SingleFlight<NATSServer>()
    func withServer(_ body: (NATSServer) async throws -> Void) async throws {
        try await body(server.value { try await NATSServer.start() })
    }
}
#endif

public import EventHorizon
internal import Testing

/// Drives one member of a group by hand, turn by turn, and keeps what it was told: for tests of brokers.
///
/// Left alone it is a good member: it starts a claimed partition after the recorded progress, settles and finishes each delivery at once, and
/// releases what is revoked. A test switches off what it wants to do otherwise.
public final class MemberProbe {
    public let member: any GroupMember
    private let clock: any WorkerClock
    /// How long to wait for a state.
    public let limit: Duration

    /// Start claimed partitions at once, after the recorded progress.
    public var startsAtOnce = true
    /// Say progress and finish deliveries as they come.
    public var settlesAtOnce = true
    /// Release revoked partitions at once.
    public var releasesAtOnce = true

    /// Every claim so far, in order.
    public private(set) var claims: [Claim] = []
    /// The partitions that are held, in order.
    public private(set) var held: [Int] = []
    /// Those of them that are revoked and not released yet.
    public private(set) var revoked: [Int] = []
    /// Every partition that was lost so far, in order.
    public private(set) var lost: [Int] = []
    /// Every delivery so far but the skips, in order.
    public private(set) var deliveries: [Delivery] = []
    /// For each delivery, `session(of:)` its partition when it came: what came under an earlier claim must not be handled any more.
    public private(set) var sessions: [Int] = []
    /// How many records were skipped so far.
    public private(set) var skipped = 0
    public private(set) var answers: [Int: SettleAnswer.Result] = [:]
    public private(set) var loaded: [Int: LoadedStream.Result] = [:]
    public private(set) var notices: [BrokerNotice] = []
    /// As the last turn said.
    public private(set) var isDraining = false

    private var turn = Turn()
    private var outcome = Outcome()
    private var tokens = 0

    public init(_ member: any GroupMember, clock: any WorkerClock, limit: Duration = .seconds(30)) {
        self.member = member
        self.clock = clock
        self.limit = limit
    }

    /// The commands that were delivered so far, in order.
    public var commands: [Envelope] { deliveries.compactMap { if case .command(let envelope) = $0.content { envelope } else { nil } } }
    /// The commits that were delivered so far, in order.
    public var commits: [Commit] { deliveries.compactMap { if case .commit(let commit) = $0.content { commit } else { nil } } }

    /// One turn: waits for something to happen, or for `limit`.
    public func step(within limit: Duration = .milliseconds(20)) async {
        turn.removeAll()
        await member.next(&turn, until: clock.now + limit)
        isDraining = turn.isDraining
        for partition in turn.lost {
            lost.append(partition)
            forget(partition)
        }
        for claim in turn.claimed {
            claims.append(claim)
            held = (held + [claim.partition]).sorted()
            if startsAtOnce { outcome.starts.append((partition: claim.partition, after: claim.progress)) }
        }
        for delivery in turn.deliveries {
            if case .skipped(let count) = delivery.content {
                skipped += count
            } else {
                deliveries.append(delivery)
                sessions.append(session(of: delivery.partition))
            }
            if settlesAtOnce { settle(delivery) }
        }
        for answer in turn.answers {
            if answers.updateValue(answer.result, forKey: answer.token) != nil { Issue.record("token \(answer.token) was answered twice") }
        }
        for stream in turn.loaded { loaded[stream.token] = stream.result }
        notices += turn.notices
        for partition in turn.revoked {
            revoked.append(partition)
            if releasesAtOnce { release(partition) }
        }
        submit()
    }

    /// Takes turns until `condition` holds.
    /// - Throws: `ContractTimeout` after `limit`.
    public func wait(for what: String, until condition: () -> Bool) async throws { try await Self.wait(for: what, self, until: condition) }

    /// Lets members take turns, one after the other, until `condition` holds. All of them must have been made with the same clock.
    /// - Throws: `ContractTimeout` after the first one's limit.
    public static func wait(for what: String, _ first: MemberProbe, _ others: MemberProbe..., until condition: () -> Bool) async throws {
        let deadline = first.clock.now + first.limit
        while !condition() {
            guard first.clock.now < deadline else { throw ContractTimeout(what: what, limit: first.limit) }
            await first.step(within: others.isEmpty ? .milliseconds(50) : .milliseconds(5))
            for probe in others { await probe.step(within: .milliseconds(5)) }
        }
    }

    /// Waits until the member holds every partition.
    /// - Throws: `ContractTimeout` after `limit`.
    public func holdAll() async throws {
        try await wait(for: "\(member.id) holds all \(member.partitionCount) partitions") { held.count == member.partitionCount }
    }

    /// How often a partition has been claimed.
    public func session(of partition: Int) -> Int { claims.count { $0.partition == partition } }

    // MARK: Doing

    public func start(_ partition: Int, after position: Position) {
        outcome.starts.append((partition: partition, after: position))
        submit()
    }

    /// Says progress up to a delivery, and finishes it. Handed over with the next step, or by `submit`.
    public func settle(_ delivery: Delivery) {
        outcome.progress.append((partition: delivery.partition, position: delivery.position))
        outcome.finished.append((partition: delivery.partition, count: 1))
    }

    /// Gives a partition up.
    public func release(_ partition: Int) {
        outcome.releases.append(partition)
        forget(partition)
        submit()
    }

    /// Hands over what has gathered.
    public func submit() {
        if !outcome.isEmpty { member.submit(&outcome) }
        if !outcome.isEmpty {
            Issue.record("submit leaves the outcome as it is: it must empty it")
            outcome.removeAll()
        }
    }

    /// Hands over an outcome of the test's own making.
    public func submit(_ outcome: Outcome) {
        self.outcome.starts += outcome.starts
        self.outcome.loads += outcome.loads
        self.outcome.appends += outcome.appends
        self.outcome.messages += outcome.messages
        self.outcome.letters += outcome.letters
        self.outcome.replies += outcome.replies
        self.outcome.progress += outcome.progress
        self.outcome.tries += outcome.tries
        self.outcome.finished += outcome.finished
        self.outcome.releases += outcome.releases
        submit()
    }

    /// A number that no other outcome of this probe bears.
    public func token() -> Int {
        tokens += 1
        return tokens
    }

    /// Hands over an append, and waits for its answer.
    public func append(_ commit: Commit, after previous: Position) async throws -> SettleAnswer.Result {
        let token = token()
        outcome.appends.append(Outcome.Append(token: token, partition: partition(of: commit.stream), commit: commit, previous: previous))
        submit()
        return try await answer(token, "the append of commit \(commit.number) of \(commit.stream)")
    }

    /// Sends a command on behalf of the partition that it is for, and waits for the answer.
    public func send(_ envelope: Envelope) async throws -> SettleAnswer.Result {
        let token = token()
        outcome.messages.append(Outcome.Message(token: token, partition: partition(of: envelope.stream), envelope: envelope))
        submit()
        return try await answer(token, "the command \(envelope.id)")
    }

    /// Stores a letter, and waits for the answer.
    /// - Parameter message: what it is about, where it could be read.
    public func post(_ letter: DeadLetter, message: Envelope? = nil) async throws -> SettleAnswer.Result {
        let token = token()
        outcome.letters.append(Outcome.Letter(token: token, partition: letter.place.partition, letter: letter, message: message))
        submit()
        return try await answer(token, "the letter about position \(letter.place.position)")
    }

    /// Records what is tried next, and waits for the answer.
    public func record(_ attempt: Attempt, in partition: Int) async throws -> SettleAnswer.Result {
        let token = token()
        outcome.tries.append(Outcome.Try(token: token, partition: partition, attempt: attempt))
        submit()
        return try await answer(token, "attempt \(attempt.number) at \(attempt.position)")
    }

    /// Loads a stream.
    /// - Throws: `ContractTimeout`, or `BrokerError` where a record cannot be read.
    public func load(_ stream: StreamID, _ extent: Outcome.Load.Extent = .whole) async throws -> [StoredCommit] {
        switch try await result(of: stream, extent) {
        case .commits(let commits): return commits
        case .message(let message): throw BrokerError(.protocolViolation, "commits were asked for, and the message \(message.id) came")
        case .unreadable(let reason): throw BrokerError(.protocolViolation, reason)
        }
    }

    /// Loads the message of one of a stream's letters.
    /// - Throws: `ContractTimeout`, or `BrokerError` where it cannot be read.
    public func message(of stream: StreamID, letter: Position) async throws -> Envelope {
        switch try await result(of: stream, .letter(at: letter)) {
        case .message(let message): return message
        case .commits: throw BrokerError(.protocolViolation, "a letter's message was asked for, and commits came")
        case .unreadable(let reason): throw BrokerError(.protocolViolation, reason)
        }
    }

    private func result(of stream: StreamID, _ extent: Outcome.Load.Extent) async throws -> LoadedStream.Result {
        let token = token()
        outcome.loads.append(Outcome.Load(token: token, partition: partition(of: stream), stream: stream, extent: extent))
        submit()
        try await wait(for: "\(stream) is loaded") { loaded[token] != nil }
        guard let result = loaded[token] else { throw ContractTimeout(what: "\(stream) is loaded", limit: limit) }
        return result
    }

    /// Where a stream's messages lie.
    public func partition(of stream: StreamID) -> Int { Partitioner.partition(of: stream.aggregate, count: member.partitionCount) }

    private func answer(_ token: Int, _ what: String) async throws -> SettleAnswer.Result {
        try await wait(for: "\(what) is answered") { answers[token] != nil }
        guard let answer = answers[token] else { throw ContractTimeout(what: "\(what) is answered", limit: limit) }
        return answer
    }

    private func forget(_ partition: Int) {
        held.removeAll { $0 == partition }
        revoked.removeAll { $0 == partition }
    }
}

internal import EventHorizon

/// Reads events and sends each that concerns a saga to the saga's own stream, before progress moves past it.
struct RouterLoop: MemberLoop {
    /// A delivery whose commands or letter are on their way.
    private struct Open {
        let partition: Int
        let ordinal: Int
        let position: Position
        var count: Int
    }

    private let router: any SagaRouting
    private let failures: FailurePolicy
    private let member: any GroupMember
    private let post: LetterPost
    private var reporter: Reporter
    private var table: PartitionTable
    /// What a token's answer is for.
    private struct Sent {
        /// In `open`.
        let delivery: Int
        /// The event that it came of, within its commit.
        let index: Int
        /// Nil for a letter.
        let command: Envelope?
    }
    private var open: [Int: Open] = [:]
    private var expected: [Int: Sent] = [:]
    private var nextNumber = 1

    init(
        router: any SagaRouting, failures: FailurePolicy, surroundings: Surroundings, group: String, instruments: [any Instrument],
        member: any GroupMember
    ) {
        self.router = router
        self.failures = failures
        self.member = member
        post = LetterPost(log: .events, member: member, clock: surroundings.clock)
        reporter = Reporter(group: group, instruments: instruments)
        table = PartitionTable(group: group, count: member.partitionCount)
    }

    var isDrained: Bool { table.isDraining && table.isEmpty }
    var deadline: Instant? { table.nextLook }

    mutating func take(_ turn: inout Turn, into outcome: inout Outcome, now: Instant) throws {
        reporter.report(turn.notices)
        if turn.isDraining { table.drain { reporter.report($0) } }
        for partition in turn.lost {
            table.lose(partition) { reporter.report($0) }
            let gone = Set(open.filter { $0.value.partition == partition }.keys)
            open = open.filter { !gone.contains($0.key) }
            expected = expected.filter { !gone.contains($0.value.delivery) }
        }
        for claim in turn.claimed {
            table.claim(claim.partition, progress: claim.progress, now: now)
            reporter.report(.partitionClaimed(group: reporter.group, partition: claim.partition, progress: claim.progress, unclean: claim.isUnclean))
            if table.accepts(claim.partition) { outcome.starts.append((claim.partition, claim.progress)) }
        }
        for partition in turn.revoked { table.revoke(partition) }
        for answer in turn.answers { try take(answer, into: &outcome) }
        for delivery in turn.deliveries { try take(delivery, into: &outcome, now: now) }
        table.flush(into: &outcome, now: now) { reporter.report($0) }
        reporter.flush()
    }

    private mutating func take(_ delivery: Delivery, into outcome: inout Outcome, now: Instant) throws {
        guard let ordinal = table.deliver(delivery, now: now) else { return }
        let partition = delivery.partition
        switch delivery.content {
        case .skipped(let count):
            reporter.counts.skipped += count
            table.settle(ordinal, of: partition, isSkipped: true)
        case .commit(let commit):
            let routed = router.route(commit, at: post.place(of: delivery.position, in: partition))
            for failure in routed.failures {
                guard let error = failure.error as? PayloadError, error.isFuture else { continue }
                throw reporter.future("\(error)", of: commit.stream, in: partition)
            }
            guard !routed.commands.isEmpty || !routed.failures.isEmpty else {
                reporter.counts.deliveries += 1
                table.settle(ordinal, of: partition)
                return
            }
            let key = begin(delivery, ordinal)
            reporter.counts.effects += routed.commands.count
            for command in routed.commands {
                let token = expect(Sent(delivery: key, index: command.origin?.place.index ?? 0, command: command), partition)
                outcome.messages.append(.init(token: token, partition: partition, envelope: command))
            }
            for failure in routed.failures {
                let event = commit.events[failure.event]
                try send(letterFor: commit.stream, event, .undecodable, "\(failure.error)", index: failure.event, of: key, into: &outcome)
            }
        case .undecodable(let record, let stream, _, let reason):
            try send(letterFor: stream, nil, .undecodable, reason, record: record, of: begin(delivery, ordinal), into: &outcome)
        case .command(let command):
            let reason = "a command lies in the events log"
            try send(letterFor: command.stream, command, .undecodable, reason, of: begin(delivery, ordinal), into: &outcome)
        }
    }

    /// A delivery that is done with when all that is sent for it is answered.
    private mutating func begin(_ delivery: Delivery, _ ordinal: Int) -> Int {
        defer { nextNumber += 1 }
        open[nextNumber] = Open(partition: delivery.partition, ordinal: ordinal, position: delivery.position, count: 0)
        return nextNumber
    }

    private mutating func expect(_ sent: Sent, _ partition: Int) -> Int {
        defer { nextNumber += 1 }
        expected[nextNumber] = sent
        open[sent.delivery]?.count += 1
        table.submitted(partition)
        return nextNumber
    }

    /// A router has no stream of its own that could be parked: what the policy does not halt at is passed over.
    private mutating func send(
        letterFor stream: StreamID?, _ message: Envelope?, _ kind: FailurePolicy.Kind, _ reason: String, record: [UInt8] = [], index: Int = 0,
        of key: Int, into outcome: inout Outcome
    ) throws {
        guard let delivery = open[key] else { return }
        let type = message?.payload.name ?? ""
        if failures[kind].action == .halt { throw HandlerHalted(group: reporter.group, stream: stream, type: type, reason: reason) }
        let token = expect(Sent(delivery: key, index: index, command: nil), delivery.partition)
        post.send(
            token, about: post.place(of: delivery.position, in: delivery.partition, index: index), stream: stream,
            type: type, message: message, record: record, kind: kind, reason: reason, by: reporter, into: &outcome)
    }

    private mutating func take(_ answer: SettleAnswer, into outcome: inout Outcome) throws {
        guard let sent = expected.removeValue(forKey: answer.token), let partition = open[sent.delivery]?.partition else { return }
        table.answered(partition)
        open[sent.delivery]?.count -= 1
        if case .refused(let reason) = answer.result {
            reporter.report(.brokerRefused(group: reporter.group, reason: reason))
            if let command = sent.command {
                try send(letterFor: command.origin?.stream, command, .refused, reason, index: sent.index, of: sent.delivery, into: &outcome)
            }
        }
        guard let delivery = open[sent.delivery], delivery.count == 0 else { return }
        open[sent.delivery] = nil
        reporter.counts.deliveries += 1
        table.settle(delivery.ordinal, of: delivery.partition)
    }
}

internal import EventHorizon

/// Reads events and sends each that concerns a saga to the saga's own stream, before progress moves past it.
struct RouterLoop: MemberLoop {
    /// A delivery whose commands or letter are on their way.
    private struct Open {
        let partition: Int
        let ordinal: Int
        var count: Int
    }

    private let router: any SagaRouting
    private let surroundings: Surroundings
    private let member: any GroupMember
    private var reporter: Reporter
    private var table: PartitionTable
    private var open: [Int: Open] = [:]
    /// By token, the key in `open`.
    private var expected: [Int: Int] = [:]
    private var nextToken = 1
    private var commands: [Envelope] = []

    init(router: any SagaRouting, surroundings: Surroundings, group: String, instruments: [any Instrument], member: any GroupMember) {
        self.router = router
        self.surroundings = surroundings
        self.member = member
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
            expected = expected.filter { !gone.contains($0.value) }
        }
        for claim in turn.claimed {
            table.claim(claim.partition, progress: claim.progress, now: now)
            reporter.report(.partitionClaimed(group: reporter.group, partition: claim.partition, progress: claim.progress, unclean: claim.isUnclean))
            if table.accepts(claim.partition) { outcome.starts.append((claim.partition, claim.progress)) }
        }
        for partition in turn.revoked { table.revoke(partition) }
        for answer in turn.answers { take(answer) }
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
            commands.removeAll(keepingCapacity: true)
            do {
                try router.route(commit, into: &commands)
            } catch let error as PayloadError where error.isFuture {
                throw reporter.future("\(error)", of: commit.stream, in: partition)
            } catch {
                commands.removeAll()
                send(letterFor: commit.stream, commit.events.first, "\(error)", [], delivery, ordinal, into: &outcome)
                return
            }
            guard !commands.isEmpty else {
                reporter.counts.deliveries += 1
                table.settle(ordinal, of: partition)
                return
            }
            reporter.counts.effects += commands.count
            let key = nextToken
            open[key] = Open(partition: partition, ordinal: ordinal, count: commands.count)
            for command in commands { outcome.messages.append(.init(token: expect(key, partition), partition: partition, envelope: command)) }
        case .undecodable(let record, let stream, _, let reason):
            send(letterFor: stream, nil, reason, record, delivery, ordinal, into: &outcome)
        case .command(let command):
            send(letterFor: command.stream, command, "a command lies in the events log", [], delivery, ordinal, into: &outcome)
        }
    }

    private mutating func expect(_ key: Int, _ partition: Int) -> Int {
        defer { nextToken += 1 }
        expected[nextToken] = key
        table.submitted(partition)
        return nextToken
    }

    private mutating func send(
        letterFor stream: StreamID?, _ message: Envelope?, _ reason: String, _ record: [UInt8], _ delivery: Delivery, _ ordinal: Int,
        into outcome: inout Outcome
    ) {
        let key = nextToken
        open[key] = Open(partition: delivery.partition, ordinal: ordinal, count: 1)
        let time = surroundings.clock.time
        let type = message?.payload.name ?? ""
        let letter = DeadLetter(
            place: Place(log: .events, incarnation: member.incarnation, partition: delivery.partition, position: delivery.position),
            group: reporter.group, reason: reason, attempts: 1, worker: member.id, firstFailedAt: time, lastFailedAt: time, stream: stream,
            type: type,
            record: record)
        let token = expect(key, delivery.partition)
        outcome.letters.append(.init(token: token, partition: delivery.partition, letter: letter, message: message))
        reporter.report(.deadLettered(group: reporter.group, stream: stream, type: type, reason: reason))
    }

    private mutating func take(_ answer: SettleAnswer) {
        guard let key = expected.removeValue(forKey: answer.token), var delivery = open[key] else { return }
        if case .refused(let reason) = answer.result { reporter.report(.brokerRefused(group: reporter.group, reason: reason)) }
        table.answered(delivery.partition)
        delivery.count -= 1
        open[key] = delivery.count > 0 ? delivery : nil
        guard delivery.count == 0 else { return }
        reporter.counts.deliveries += 1
        table.settle(delivery.ordinal, of: delivery.partition)
    }
}

internal import EventHorizon

/// Projects commits into one projector's rows: each turn's are one transaction, which also moves the checkpoints.
///
/// When a transaction fails, its commits are written one by one to find the one that fails; that one's partition waits, others go on. A
/// commit that fails for longer than the budget becomes a dead letter and is passed over.
struct ProjectionLoop: MemberLoop {
    private struct Item {
        let ordinal: Int
        let position: Position
        var isSkipped = false
        /// Nil where nothing is to be written: skipped records, or what became a letter.
        var inputs: ProjectorInputs?
        var commit: Commit?
    }

    /// A partition's commits that are not written yet, in order.
    private struct Backlog {
        var items = Queue<Item>()
        var checkpoint: Checkpoint?
        var attempts = 0
        var firstFailure: Instant?
        var retryAt: Instant?
        /// The letter of the first item is on its way.
        var isLettering = false
    }

    private let projecting: any Projecting
    private let retry: RetryPolicy
    private let surroundings: Surroundings
    private let member: any GroupMember
    private var reporter: Reporter
    private var table: PartitionTable
    private var backlogs: [Int: Backlog] = [:]
    private var letters: [Int: Int] = [:]
    private var nextToken = 1
    /// Why the last transaction failed.
    private var failure = ""
    /// A store that is busy or away is waited for.
    private var storeRetry: (at: Instant, attempts: Int)?

    init(
        projecting: any Projecting, retry: RetryPolicy, surroundings: Surroundings, group: String, instruments: [any Instrument], member: any GroupMember
    ) {
        self.projecting = projecting
        self.retry = retry
        self.surroundings = surroundings
        self.member = member
        reporter = Reporter(group: group, instruments: instruments)
        table = PartitionTable(group: group, count: member.partitionCount)
    }

    var isDrained: Bool { table.isDraining && table.isEmpty }

    var deadline: Instant? {
        ([table.nextLook, storeRetry?.at] + backlogs.values.map(\.retryAt)).compactMap { $0 }.min()
    }

    mutating func take(_ turn: inout Turn, into outcome: inout Outcome, now: Instant) throws {
        reporter.report(turn.notices)
        if turn.isDraining { table.drain { reporter.report($0) } }
        for partition in turn.lost { lose(partition) }
        if !turn.claimed.isEmpty { try start(turn.claimed, into: &outcome, now: now) }
        for partition in turn.revoked { table.revoke(partition) }
        for answer in turn.answers { take(answer) }
        for delivery in turn.deliveries { take(delivery, into: &outcome, now: now) }
        if storeRetry.map({ $0.at <= now }) ?? true { write(into: &outcome, now: now) }
        table.flush(into: &outcome, now: now) { reporter.report($0) }
        for partition in outcome.releases { backlogs[partition] = nil }
        reporter.flush()
    }

    private mutating func start(_ claims: [Claim], into outcome: inout Outcome, now: Instant) throws {
        let checkpoints = try projecting.checkpoints()
        for claim in claims {
            let checkpoint = checkpoints[claim.partition]
            if let checkpoint, checkpoint.incarnation != member.incarnation {
                throw Misconfiguration(
                    "read model '\(projecting.projection)' was made from another incarnation of the events log: remove it, and it is built anew from this one")
            }
            let progress = checkpoint?.position ?? .start
            table.claim(claim.partition, progress: progress, now: now)
            reporter.report(.partitionClaimed(group: reporter.group, partition: claim.partition, progress: progress, unclean: claim.isUnclean))
            guard table.accepts(claim.partition) else { continue }
            backlogs[claim.partition] = Backlog(checkpoint: checkpoint)
            outcome.starts.append((claim.partition, progress))
        }
    }

    private mutating func lose(_ partition: Int) {
        table.lose(partition) { reporter.report($0) }
        backlogs[partition] = nil
        letters = letters.filter { $0.value != partition }
    }

    // MARK: Deliveries

    private mutating func take(_ delivery: Delivery, into outcome: inout Outcome, now: Instant) {
        guard backlogs[delivery.partition] != nil, let ordinal = table.deliver(delivery, now: now) else { return }
        switch delivery.content {
        case .skipped(let count):
            reporter.counts.skipped += count
            backlogs[delivery.partition]?.items.append(Item(ordinal: ordinal, position: delivery.position, isSkipped: true))
        case .commit(let commit):
            var item = Item(ordinal: ordinal, position: delivery.position, commit: commit)
            do {
                item.inputs = try projecting.decode(commit)
            } catch {
                send(letterFor: commit.stream, commit.events.first, "\(error)", [], delivery.position, delivery.partition, into: &outcome)
            }
            backlogs[delivery.partition]?.items.append(item)
        case .undecodable(let record, let stream, _, let reason):
            send(letterFor: stream, nil, reason, record, delivery.position, delivery.partition, into: &outcome)
            backlogs[delivery.partition]?.items.append(Item(ordinal: ordinal, position: delivery.position))
        case .command(let command):
            send(letterFor: command.stream, command, "a command lies in the events log", [], delivery.position, delivery.partition, into: &outcome)
            backlogs[delivery.partition]?.items.append(Item(ordinal: ordinal, position: delivery.position))
        }
    }

    private mutating func send(
        letterFor stream: StreamID?, _ message: Envelope?, _ reason: String, _ record: [UInt8], _ position: Position, _ partition: Int, attempts: Int = 1,
        into outcome: inout Outcome
    ) {
        let time = surroundings.clock.time
        let type = message?.payload.name ?? ""
        let letter = DeadLetter(
            place: Place(log: .events, incarnation: member.incarnation, partition: partition, position: position), group: reporter.group, reason: reason,
            attempts: attempts, worker: member.id, firstFailedAt: time, lastFailedAt: time, stream: stream, type: type, record: record)
        let token = nextToken
        nextToken += 1
        letters[token] = partition
        table.submitted(partition)
        backlogs[partition]?.isLettering = true
        outcome.letters.append(.init(token: token, partition: partition, letter: letter, message: message))
        reporter.report(.deadLettered(group: reporter.group, stream: stream, type: type, reason: reason))
    }

    private mutating func take(_ answer: SettleAnswer) {
        guard let partition = letters.removeValue(forKey: answer.token) else { return }
        if case .refused(let reason) = answer.result { reporter.report(.brokerRefused(group: reporter.group, reason: reason)) }
        table.answered(partition)
        if !letters.values.contains(partition) { backlogs[partition]?.isLettering = false }
    }

    // MARK: Writing

    private mutating func write(into outcome: inout Outcome, now: Instant) {
        storeRetry = storeRetry.map { (now, $0.attempts) }
        let due = backlogs.filter { partition, backlog in
            !backlog.items.isEmpty && !backlog.isLettering && backlog.retryAt.map { $0 <= now } ?? true && table.accepts(partition)
        }
        guard !due.isEmpty else { return }
        let fresh = due.filter { $0.value.attempts == 0 }.keys.sorted()
        if !fresh.isEmpty, attempt(fresh, limit: .max, now: now) == nil {
            for partition in fresh { retrySingly(partition, into: &outcome, now: now) }
        }
        for partition in due.keys.sorted() where due[partition]!.attempts > 0 { retrySingly(partition, into: &outcome, now: now) }
    }

    /// Writes the first `limit` items of each partition in one transaction. Nil: it failed for what it holds, and nothing was written.
    private mutating func attempt(_ partitions: [Int], limit: Int, now: Instant) -> Bool? {
        var inputs: [ProjectorInputs] = []
        var moves: [CheckpointMove] = []
        for partition in partitions {
            guard let backlog = backlogs[partition], let last = backlog.items.element(min(limit, backlog.items.count) - 1) else { continue }
            moves.append(
                CheckpointMove(partition: partition, from: backlog.checkpoint, to: Checkpoint(incarnation: member.incarnation, position: last.position)))
            backlog.items.forEach(first: limit) { item in if let found = item.inputs, found.count > 0 { inputs.append(found) } }
        }
        do {
            try projecting.write(inputs, moving: moves)
        } catch let conflict as CheckpointConflict {
            // Another member wrote this partition's rows: it is given up, and begun again from the store's own word.
            reporter.report(.brokerRefused(group: reporter.group, reason: "\(conflict)"))
            table.revoke(conflict.partition)
            backlogs[conflict.partition]?.items.removeAll()
            return false
        } catch let error as any RetriableError where error.isRetriable {
            wait(for: error, now: now)
            return false
        } catch {
            failure = "\(error)"
            return nil
        }
        surroundings.reach(.afterRows)
        storeRetry = nil
        for move in moves { written(move, limit: limit) }
        reporter.counts.events += inputs.reduce(0) { $0 + $1.count }
        return true
    }

    private mutating func written(_ move: CheckpointMove, limit: Int) {
        let partition = move.partition
        backlogs[partition]?.checkpoint = move.to
        backlogs[partition]?.attempts = 0
        backlogs[partition]?.firstFailure = nil
        backlogs[partition]?.retryAt = nil
        var taken = 0
        while taken < limit, let item = backlogs[partition]?.items.popFirst() {
            taken += 1
            if item.commit != nil { reporter.counts.deliveries += 1 }
            table.settle(item.ordinal, of: partition, isSkipped: item.isSkipped)
        }
    }

    /// Writes a partition's items one by one until one fails; that one is tried again later, or given up.
    private mutating func retrySingly(_ partition: Int, into outcome: inout Outcome, now: Instant) {
        while let first = backlogs[partition]?.items.first, backlogs[partition]?.isLettering == false {
            switch attempt([partition], limit: 1, now: now) {
            case true?: continue
            case false?: return
            case nil: break
            }
            let attempts = (backlogs[partition]?.attempts ?? 0) + 1
            let since = backlogs[partition]?.firstFailure ?? now
            backlogs[partition]?.attempts = attempts
            backlogs[partition]?.firstFailure = since
            guard now - since >= retry.budget else {
                let delay = retry.delay(after: attempts, random: surroundings.randomness.next())
                backlogs[partition]?.retryAt = now + delay
                reporter.report(.retried(group: reporter.group, stream: first.commit?.stream, attempt: attempts, reason: failure, next: delay))
                return
            }
            backlogs[partition]?.items.replaceFirst { $0.inputs = nil }
            send(letterFor: first.commit?.stream, first.commit?.events.first, failure, [], first.position, partition, attempts: attempts, into: &outcome)
            return
        }
    }

    private mutating func wait(for error: any RetriableError, now: Instant) {
        let attempts = (storeRetry?.attempts ?? 0) + 1
        let delay = retry.delay(after: attempts, random: surroundings.randomness.next())
        storeRetry = (now + delay, attempts)
        reporter.report(.retried(group: reporter.group, stream: nil, attempt: attempts, reason: "\(error)", next: delay))
    }
}

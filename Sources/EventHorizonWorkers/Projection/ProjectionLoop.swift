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
    /// A store that is busy or away is waited for.
    private var storeRetry: (at: Instant, attempts: Int)?

    init(
        projecting: any Projecting, retry: RetryPolicy, surroundings: Surroundings, group: String, instruments: [any Instrument],
        member: any GroupMember
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
        for delivery in turn.deliveries { try take(delivery, into: &outcome, now: now) }
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
                    "read model '\(projecting.projection)' was made from another incarnation of the events log: remove it, and it is built anew from this one"
                )
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

    private mutating func take(_ delivery: Delivery, into outcome: inout Outcome, now: Instant) throws {
        guard backlogs[delivery.partition] != nil, let ordinal = table.deliver(delivery, now: now) else { return }
        switch delivery.content {
        case .skipped(let count):
            reporter.counts.skipped += count
            backlogs[delivery.partition]?.items.append(Item(ordinal: ordinal, position: delivery.position, isSkipped: true))
        case .commit(let commit):
            var item = Item(ordinal: ordinal, position: delivery.position, commit: commit)
            do {
                item.inputs = try projecting.decode(commit)
            } catch let error as PayloadError where error.isFuture {
                throw reporter.future("\(error)", of: commit.stream, in: delivery.partition)
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
        letterFor stream: StreamID?, _ message: Envelope?, _ reason: String, _ record: [UInt8], _ position: Position, _ partition: Int,
        attempts: Int = 1,
        into outcome: inout Outcome
    ) {
        let time = surroundings.clock.time
        let type = message?.payload.name ?? ""
        let letter = DeadLetter(
            place: Place(log: .events, incarnation: member.incarnation, partition: partition, position: position), group: reporter.group,
            reason: reason,
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
        let due = backlogs.keys.sorted().filter { partition in
            guard let backlog = backlogs[partition], table.accepts(partition) else { return false }
            return !backlog.items.isEmpty && !backlog.isLettering && backlog.retryAt.map { $0 <= now } ?? true
        }
        let fresh = due.filter { backlogs[$0]?.attempts == 0 }
        var single = due.filter { backlogs[$0]?.attempts != 0 }
        if !fresh.isEmpty, case .failed = writeAll(fresh, now: now) { single += fresh }
        for partition in single { writeSingly(partition, into: &outcome, now: now) }
    }

    private enum Attempt {
        case written
        /// The store is not to be had, or another member has the partition: nothing more now.
        case stopped
        /// Nothing was written, for what the batch holds.
        case failed(any Error)
    }

    /// All that waits, in one transaction.
    private mutating func writeAll(_ partitions: [Int], now: Instant) -> Attempt {
        var inputs: [ProjectorInputs] = []
        var moves: [CheckpointMove] = []
        for partition in partitions {
            guard let backlog = backlogs[partition], let last = backlog.items.last else { continue }
            moves.append(move(partition, to: last.position))
            backlog.items.forEach { item in if let found = item.inputs, found.count > 0 { inputs.append(found) } }
        }
        let projecting = projecting
        let attempt = attempt(now: now) { try projecting.write(inputs, moving: moves) }
        guard case .written = attempt else { return attempt }
        for move in moves { written(move) }
        reporter.counts.events += inputs.reduce(0) { $0 + $1.count }
        return attempt
    }

    /// A partition's items one by one, until one fails: that one's event is tried again later, or given up.
    private mutating func writeSingly(_ partition: Int, into outcome: inout Outcome, now: Instant) {
        while let first = backlogs[partition]?.items.first, backlogs[partition]?.isLettering == false {
            let move = move(partition, to: first.position)
            let projecting = projecting
            switch attempt(now: now, { try projecting.write(singly: first.inputs, moving: move) }) {
            case .written:
                written(move)
                reporter.counts.events += first.inputs?.count ?? 0
                continue
            case .stopped: return
            case .failed(let error): failed(first, error, of: partition, into: &outcome, now: now)
            }
            return
        }
    }

    private func move(_ partition: Int, to position: Position) -> CheckpointMove {
        CheckpointMove(
            partition: partition, from: backlogs[partition]?.checkpoint, to: Checkpoint(incarnation: member.incarnation, position: position))
    }

    private mutating func attempt(now: Instant, _ write: () throws -> Void) -> Attempt {
        do {
            try write()
        } catch let conflict as CheckpointConflict {
            // Another member wrote this partition's rows: it is given up, and begun again from the store's own word.
            reporter.report(.brokerRefused(group: reporter.group, reason: "\(conflict)"))
            table.revoke(conflict.partition)
            return .stopped
        } catch let error as any RetriableError where error.isRetriable {
            wait(for: error, now: now)
            return .stopped
        } catch {
            return .failed(error)
        }
        surroundings.reach(.afterRows)
        storeRetry = nil
        return .written
    }

    private mutating func written(_ move: CheckpointMove) {
        let partition = move.partition
        backlogs[partition]?.checkpoint = move.to
        backlogs[partition]?.attempts = 0
        backlogs[partition]?.firstFailure = nil
        backlogs[partition]?.retryAt = nil
        while let item = backlogs[partition]?.items.first, item.position <= move.to.position {
            _ = backlogs[partition]?.items.popFirst()
            if item.commit != nil { reporter.counts.deliveries += 1 }
            table.settle(item.ordinal, of: partition, isSkipped: item.isSkipped)
        }
    }

    private mutating func failed(_ item: Item, _ error: any Error, of partition: Int, into outcome: inout Outcome, now: Instant) {
        let failure = error as? ProjectionFailure
        if let retriable = failure?.cause as? any RetriableError, retriable.isRetriable { return wait(for: retriable, now: now) }
        let reason = "\(failure?.cause ?? error)"
        let attempts = (backlogs[partition]?.attempts ?? 0) + 1
        let since = backlogs[partition]?.firstFailure ?? now
        backlogs[partition]?.attempts = attempts
        backlogs[partition]?.firstFailure = since
        guard now - since >= retry.budget else {
            let delay = retry.delay(after: attempts, random: surroundings.randomness.next())
            backlogs[partition]?.retryAt = now + delay
            reporter.report(.retried(group: reporter.group, stream: item.commit?.stream, attempt: attempts, reason: reason, next: delay))
            return
        }
        let event = failure.flatMap { failure in item.commit.map { $0.events[failure.event] } }
        let projecting = projecting
        backlogs[partition]?.items.replaceFirst { first in
            first.inputs = failure.flatMap { failure in first.inputs.map { projecting.leave(out: failure.event, of: $0) } }
        }
        backlogs[partition]?.firstFailure = nil
        backlogs[partition]?.retryAt = nil
        send(letterFor: item.commit?.stream, event, reason, [], item.position, partition, attempts: attempts, into: &outcome)
    }

    private mutating func wait(for error: any RetriableError, now: Instant) {
        let attempts = (storeRetry?.attempts ?? 0) + 1
        let delay = retry.delay(after: attempts, random: surroundings.randomness.next())
        storeRetry = (now + delay, attempts)
        reporter.report(.retried(group: reporter.group, stream: nil, attempt: attempts, reason: "\(error)", next: delay))
    }
}

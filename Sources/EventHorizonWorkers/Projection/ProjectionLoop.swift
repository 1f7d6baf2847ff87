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
        /// A letter is on its way.
        var isLettering = false
        var firstFailureTime: Timestamp?

        mutating func isTriedAnew() {
            attempts = 0
            firstFailure = nil
            firstFailureTime = nil
            retryAt = nil
        }
    }

    private let projecting: any Projecting
    private let retry: RetryPolicy
    private let surroundings: Surroundings
    private let member: any GroupMember
    private let post: LetterPost
    private var reporter: Reporter
    private var table: PartitionTable
    /// Claimed partitions whose checkpoints are not read yet.
    private var claims: [Claim] = []
    private var backlogs: [Int: Backlog] = [:]
    private var letters: [Int: Int] = [:]
    private var nextToken = 1
    /// A store that is busy or away is waited for.
    private var storeRetryAt: Instant?
    private var storeAttempts = 0

    init(
        projecting: any Projecting, retry: RetryPolicy, surroundings: Surroundings, group: String, instruments: [any Instrument],
        member: any GroupMember
    ) {
        self.projecting = projecting
        self.retry = retry
        self.surroundings = surroundings
        self.member = member
        post = LetterPost(log: .events, member: member, clock: surroundings.clock)
        reporter = Reporter(group: group, instruments: instruments)
        table = PartitionTable(group: group, count: member.partitionCount)
    }

    var isDrained: Bool { table.isDraining && table.isEmpty }

    var deadline: Instant? {
        // While the store is waited for, nothing else is due.
        if let storeRetryAt { return table.nextLook.map { min($0, storeRetryAt) } ?? storeRetryAt }
        let retries = backlogs.compactMap { partition, backlog in
            table.accepts(partition) && !backlog.isLettering && !backlog.items.isEmpty ? backlog.retryAt : nil
        }
        return (retries + [table.nextLook].compactMap { $0 }).min()
    }

    mutating func take(_ turn: inout Turn, into outcome: inout Outcome, now: Instant) throws {
        reporter.report(turn.notices)
        if turn.isDraining { table.drain { reporter.report($0) } }
        for partition in turn.lost { lose(partition) }
        for claim in turn.claimed {
            // The group's recorded progress says nothing here: the store's checkpoint may lie before it.
            table.claim(claim.partition, progress: .start, now: now)
            if table.accepts(claim.partition) { claims.append(claim) }
        }
        for partition in turn.revoked { table.revoke(partition) }
        for answer in turn.answers { take(answer) }
        for delivery in turn.deliveries { try take(delivery, into: &outcome, now: now) }
        if storeRetryAt.map({ $0 <= now }) ?? true {
            storeRetryAt = nil
            if !claims.isEmpty { try start(into: &outcome, now: now) }
            write(into: &outcome, now: now)
        }
        table.flush(into: &outcome, now: now) { reporter.report($0) }
        for partition in outcome.releases { forget(partition) }
        reporter.flush()
    }

    /// Reads on after the store's own word, which the claimed partitions wait for.
    private mutating func start(into outcome: inout Outcome, now: Instant) throws {
        let checkpoints: [Int: Checkpoint]
        do {
            checkpoints = try projecting.checkpoints()
        } catch let problem as Misconfiguration {
            throw problem
        } catch {
            return wait(for: error, now: now)
        }
        for claim in claims where table.accepts(claim.partition) {
            let checkpoint = checkpoints[claim.partition]
            if let checkpoint, checkpoint.incarnation != member.incarnation {
                throw Misconfiguration(
                    "read model '\(projecting.projection)' was made from another incarnation of the events log: remove it, and it is built anew "
                        + "from this one")
            }
            let progress = checkpoint?.position ?? .start
            reporter.report(
                .partitionClaimed(group: reporter.group, partition: claim.partition, progress: progress, unclean: claim.isUnclean))
            backlogs[claim.partition] = Backlog(checkpoint: checkpoint)
            outcome.starts.append((claim.partition, progress))
            // Its last owner may have died between the store's word and the broker's.
            if progress > claim.progress { outcome.progress.append((claim.partition, progress)) }
        }
        claims.removeAll()
    }

    private mutating func forget(_ partition: Int) {
        backlogs[partition] = nil
        claims.removeAll { $0.partition == partition }
        letters = letters.filter { $0.value != partition }
    }

    private mutating func lose(_ partition: Int) {
        table.lose(partition) { reporter.report($0) }
        forget(partition)
    }

    // MARK: Deliveries

    private mutating func take(_ delivery: Delivery, into outcome: inout Outcome, now: Instant) throws {
        let partition = delivery.partition
        guard backlogs[partition] != nil, let ordinal = table.deliver(delivery, now: now) else { return }
        var item = Item(ordinal: ordinal, position: delivery.position)
        switch delivery.content {
        case .skipped(let count):
            reporter.counts.skipped += count
            item.isSkipped = true
            // However long the store is away, skipped records are one item.
            if let last = backlogs[partition]?.items.last, last.isSkipped {
                table.settle(last.ordinal, of: partition, isSkipped: true)
                let skipped = item
                backlogs[partition]?.items.replaceLast { $0 = skipped }
                return
            }
        case .commit(let commit):
            item.commit = commit
            let (inputs, failures) = projecting.decode(commit)
            item.inputs = inputs
            for failure in failures {
                if let error = failure.cause as? PayloadError, error.isFuture {
                    throw reporter.future("\(error)", of: commit.stream, in: partition)
                }
                send(letterFor: item, failure, in: partition, into: &outcome)
            }
        case .undecodable(let record, let stream, _, let reason):
            send(letterFor: stream, nil, reason, record: record, at: delivery.position, in: partition, into: &outcome)
        case .command(let command):
            send(letterFor: command.stream, command, "a command lies in the events log", at: delivery.position, in: partition, into: &outcome)
        }
        backlogs[partition]?.items.append(item)
    }

    private mutating func send(letterFor item: Item, _ failure: ProjectionFailure, in partition: Int, attempts: Int = 1, into outcome: inout Outcome)
    {
        send(
            letterFor: item.commit?.stream, item.commit?.events[failure.event], "\(failure.cause)", at: item.position, index: failure.event,
            in: partition, attempts: attempts, into: &outcome)
    }

    private mutating func send(
        letterFor stream: StreamID?, _ message: Envelope?, _ reason: String, record: [UInt8] = [], at position: Position, index: Int = 0,
        in partition: Int, attempts: Int = 1, into outcome: inout Outcome
    ) {
        let token = nextToken
        nextToken += 1
        letters[token] = partition
        table.submitted(partition)
        backlogs[partition]?.isLettering = true
        post.send(
            token, about: post.place(of: position, in: partition, index: index), stream: stream, type: message?.payload.name ?? "",
            message: message, record: record, reason: reason, attempts: attempts, firstFailedAt: backlogs[partition]?.firstFailureTime,
            by: reporter, into: &outcome)
    }

    private mutating func take(_ answer: SettleAnswer) {
        guard let partition = letters.removeValue(forKey: answer.token) else { return }
        if case .refused(let reason) = answer.result { reporter.report(.brokerRefused(group: reporter.group, reason: reason)) }
        table.answered(partition)
        if !letters.values.contains(partition) { backlogs[partition]?.isLettering = false }
    }

    // MARK: Writing

    private mutating func write(into outcome: inout Outcome, now: Instant) {
        var single: [Int] = []
        batch: while true {
            let due = backlogs.keys.sorted().filter { partition in
                guard let backlog = backlogs[partition], table.accepts(partition) else { return false }
                return !backlog.items.isEmpty && !backlog.isLettering && backlog.retryAt.map { $0 <= now } ?? true
            }
            let fresh = due.filter { backlogs[$0]?.attempts == 0 }
            single = due.filter { backlogs[$0]?.attempts != 0 }
            switch fresh.isEmpty ? .written : writeAll(fresh, now: now) {
            case .written: break batch
            // The others are written without the one that is another member's now.
            case .lost: continue batch
            case .stopped: return
            case .failed:
                single += fresh
                break batch
            }
        }
        for partition in single where storeRetryAt == nil { writeSingly(partition, into: &outcome, now: now) }
    }

    private enum Attempt {
        case written
        /// Another member has written one of the partitions: it is given up.
        case lost
        /// The store is not to be had: nothing more now.
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
            case .lost, .stopped: return
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
            return .lost
        } catch let error as any RetriableError where error.isRetriable {
            wait(for: error, now: now)
            return .stopped
        } catch {
            return .failed(error)
        }
        surroundings.reach(.afterRows)
        storeAttempts = 0
        return .written
    }

    private mutating func written(_ move: CheckpointMove) {
        let partition = move.partition
        backlogs[partition]?.checkpoint = move.to
        backlogs[partition]?.isTriedAnew()
        var commits = 0
        backlogs[partition]?.items.removeFirst(while: { $0.position <= move.to.position }) { item in
            if item.commit != nil { commits += 1 }
            table.settle(item.ordinal, of: partition, isSkipped: item.isSkipped)
        }
        reporter.counts.deliveries += commits
    }

    private mutating func failed(_ item: Item, _ error: any Error, of partition: Int, into outcome: inout Outcome, now: Instant) {
        // What is not said to be an event's fault is the store's, and no event is given up for it: the stall shows.
        guard let failure = error as? ProjectionFailure else { return wait(for: error, now: now) }
        if let retriable = failure.cause as? any RetriableError, retriable.isRetriable { return wait(for: retriable, now: now) }
        let attempts = (backlogs[partition]?.attempts ?? 0) + 1
        let since = backlogs[partition]?.firstFailure ?? now
        backlogs[partition]?.attempts = attempts
        backlogs[partition]?.firstFailure = since
        if attempts == 1 {
            let time = surroundings.clock.time
            backlogs[partition]?.firstFailureTime = time
        }
        guard now - since >= retry.budget else {
            let delay = retry.delay(after: attempts, random: surroundings.randomness.next())
            backlogs[partition]?.retryAt = now + delay
            reporter.report(
                .retried(group: reporter.group, stream: item.commit?.stream, attempt: attempts, reason: "\(failure.cause)", next: delay))
            return
        }
        send(letterFor: item, failure, in: partition, attempts: attempts, into: &outcome)
        let projecting = projecting
        backlogs[partition]?.items.replaceFirst { first in
            first.inputs = first.inputs.map { projecting.leave(out: failure.event, of: $0) }
        }
        backlogs[partition]?.isTriedAnew()
        // One by one until the commit is written: the rest of it may fail as well.
        backlogs[partition]?.attempts = 1
    }

    private mutating func wait(for error: any Error, now: Instant) {
        storeAttempts += 1
        let attempts = storeAttempts
        let delay = retry.delay(after: attempts, random: surroundings.randomness.next())
        storeRetryAt = now + delay
        reporter.report(.retried(group: reporter.group, stream: nil, attempt: attempts, reason: "\(error)", next: delay))
    }
}

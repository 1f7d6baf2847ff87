internal import EventHorizon

/// Projects commits into one projector's rows: each turn's are one transaction, which also moves the checkpoints.
///
/// When a transaction fails, its commits are written one by one to find the one that fails. That one's stream is held back, which the checkpoint says, and
/// all others go on; what is held is read again from the log and tried again, until it succeeds or its attempts are spent.
struct ProjectionLoop: MemberLoop {
    /// What an answer of the broker is waited for.
    enum Expected {
        /// The letter of what is passed over.
        case letter
        /// What of a stream is held back.
        case stream(StreamID)
        /// The letter of an event that holds its stream back. It is left out afterwards, or its stream is parked.
        case heldLetter(StreamID, leavesOut: Place?)
    }

    let projecting: any Projecting
    let failures: FailurePolicy
    let surroundings: Surroundings
    let member: any GroupMember
    let post: LetterPost
    var reporter: Reporter
    var table: PartitionTable
    /// Claimed partitions whose checkpoints are not read yet.
    private var claims: [Claim] = []
    var backlogs: [Int: Backlog] = [:]
    var expected: [Int: (what: Expected, partition: Int)] = [:]
    private var nextToken = 1
    /// A store that is busy or away is waited for.
    var storeRetryAt: Instant?
    var storeAttempts = 0

    init(
        projecting: any Projecting, failures: FailurePolicy, surroundings: Surroundings, group: String, instruments: [any Instrument],
        member: any GroupMember
    ) {
        self.projecting = projecting
        self.failures = failures
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
        var next = table.nextLook
        for (partition, backlog) in backlogs where table.accepts(partition) {
            let retry = backlog.openLetters == 0 && !backlog.items.isEmpty ? backlog.retryAt : nil
            for due in [retry, backlog.nextHeld].compactMap({ $0 }) { next = min(next ?? due, due) }
        }
        return next
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
        for answer in turn.answers { take(answer, now: now) }
        for loaded in turn.loaded { try take(loaded, into: &outcome, now: now) }
        for delivery in turn.deliveries { try take(delivery, into: &outcome, now: now) }
        if storeRetryAt.map({ $0 <= now }) ?? true {
            storeRetryAt = nil
            if !claims.isEmpty { try start(into: &outcome, now: now) }
            try write(into: &outcome, now: now)
            tendHeld(into: &outcome, now: now)
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
            var backlog = Backlog(checkpoint: checkpoint)
            // Once, parked or not: what failed for the build before may not fail for this one.
            for stream in checkpoint?.held.keys ?? [:].keys { backlog.held[stream] = HeldBack(phase: .waits(until: now)) }
            backlogs[claim.partition] = backlog
            outcome.starts.append((claim.partition, progress))
            // Its last owner may have died between the store's word and the broker's.
            if progress > claim.progress { outcome.progress.append((claim.partition, progress)) }
        }
        claims.removeAll()
    }

    private mutating func forget(_ partition: Int) {
        backlogs[partition] = nil
        claims.removeAll { $0.partition == partition }
        expected = expected.filter { $0.value.partition != partition }
    }

    private mutating func lose(_ partition: Int) {
        table.lose(partition) { reporter.report($0) }
        forget(partition)
    }

    /// A token whose answer is waited for.
    mutating func expect(_ what: Expected, in partition: Int) -> Int {
        defer { nextToken += 1 }
        expected[nextToken] = (what, partition)
        table.submitted(partition)
        return nextToken
    }

    // MARK: Deliveries

    private mutating func take(_ delivery: Delivery, into outcome: inout Outcome, now: Instant) throws {
        let partition = delivery.partition
        guard backlogs[partition] != nil, let ordinal = table.deliver(delivery, now: now) else { return }
        var item = Backlog.Item(ordinal: ordinal, position: delivery.position)
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
            item.stream = commit.stream
            let (inputs, unread) = projecting.decode(commit)
            item.inputs = inputs
            for failure in unread {
                if let error = failure.cause as? PayloadError, error.isFuture {
                    throw reporter.future("\(error)", of: commit.stream, in: partition)
                }
                let failed = Backlog.Failure(
                    kind: .undecodable, reason: "\(failure.cause)", event: failure.event, message: commit.events[failure.event])
                passOver(failed, item, in: partition, into: &outcome)
            }
            if backlogs[partition]?.isHeld(commit.stream) ?? false, commit.decided.contains(where: { $0.outcome == .released }) {
                backlogs[partition]?.release(commit.stream, now: now)
            }
        case .undecodable(let record, let stream, let type, let reason):
            item.stream = stream
            passOver(
                Backlog.Failure(kind: .undecodable, reason: reason), item, record: record, type: type, in: partition, into: &outcome)
        case .command(let command):
            passOver(
                Backlog.Failure(kind: .undecodable, reason: "a command lies in the events log", message: command), item, in: partition,
                into: &outcome)
        }
        backlogs[partition]?.items.append(item)
    }

    /// What cannot be read becomes a letter at once, unless the policy says otherwise and there is a stream to hold.
    private mutating func passOver(
        _ failure: Backlog.Failure, _ item: Backlog.Item, record: [UInt8] = [], type: String = "", in partition: Int,
        into outcome: inout Outcome
    ) {
        let response = failures[failure.kind]
        guard item.stream == nil || !response.isRetried && response.action == .skip else {
            if backlogs[partition]?.unread[item.ordinal] == nil { backlogs[partition]?.unread[item.ordinal] = failure }
            backlogs[partition]?.isWrittenSingly = true
            return
        }
        let token = expect(.letter, in: partition)
        backlogs[partition]?.openLetters += 1
        post.send(
            token, about: post.place(of: item.position, in: partition, index: failure.event), stream: item.stream ?? failure.message?.stream,
            type: failure.message?.payload.name ?? type, message: failure.message, record: record, kind: failure.kind, reason: failure.reason,
            by: reporter, into: &outcome)
    }

    private mutating func take(_ answer: SettleAnswer, now: Instant) {
        guard let (what, partition) = expected.removeValue(forKey: answer.token) else { return }
        if case .refused(let reason) = answer.result { reporter.report(.brokerRefused(group: reporter.group, reason: reason)) }
        table.answered(partition)
        switch what {
        case .letter: backlogs[partition]?.openLetters -= 1
        case .stream: break
        case .heldLetter(let stream, nil): backlogs[partition]?.held[stream]?.phase = .isMarked
        case .heldLetter(let stream, let place?):
            backlogs[partition]?.held[stream]?.leavesOut(place, now: now)
        }
    }
}

internal import EventHorizon

/// Streams that are held back: what of them is not in the rows stays in the log, and is read again from there. So nothing of a stream overtakes what failed,
/// whoever owns its partition.
extension ProjectionLoop {
    /// Passes over an item whose stream goes on only when it can be projected.
    /// - Returns: Whether that is stored.
    mutating func hold(
        _ item: Backlog.Item, _ failure: Backlog.Failure, of partition: Int, moving past: CheckpointMove, into outcome: inout Outcome, now: Instant
    ) throws -> Bool {
        guard let stream = item.stream, let count = backlogs[partition]?.held.count else { return false }
        guard count < Backlog.mostHeld else {
            let delay = failures.retry.longestDelay
            backlogs[partition]?.retryAt = now + delay
            reporter.report(
                .retried(
                    group: reporter.group, stream: stream, kind: failure.kind, attempt: 1,
                    reason: "\(count) streams of partition \(partition) are held back already, and so the partition waits: \(failure.reason)",
                    next: delay))
            return false
        }
        var move = past
        move.to.held[stream] = HeldStream(first: item.position, last: item.position)
        let projecting = projecting
        switch attempt(now: now, { try projecting.write([], moving: [move]) }) {
        case .written: break
        case .lost, .stopped: return false
        case .failed(let error):
            wait(for: error, now: now)
            return false
        }
        written(move)
        backlogs[partition]?.held[stream] = HeldBack(phase: .waits(until: nil))
        try failed(failure, at: item.position, of: stream, in: partition, into: &outcome, now: now)
        return true
    }

    /// Reads again what is due, one stream of a partition at a time, and notes what is parked.
    mutating func tendHeld(into outcome: inout Outcome, now: Instant) {
        for partition in backlogs.keys.sorted() where table.accepts(partition) {
            guard let backlog = backlogs[partition], !backlog.held.isEmpty else { continue }
            for stream in backlog.inOrder where storeRetryAt == nil && backlog.held[stream]?.phase == .isMarked { mark(stream, partition, now: now) }
            guard !backlog.isReading, storeRetryAt == nil, let stream = backlog.nextDue(now), let first = backlog.checkpoint?.held[stream]?.first
            else { continue }
            backlogs[partition]?.isReading = true
            backlogs[partition]?.held[stream]?.phase = .isRead
            backlogs[partition]?.held[stream]?.isReleased = false
            let token = expect(.stream(stream), in: partition)
            outcome.loads.append(
                .init(token: token, partition: partition, stream: stream, extent: .after(Position(max(first.rawValue, 1) - 1))))
        }
    }

    mutating func take(_ loaded: LoadedStream, into outcome: inout Outcome, now: Instant) throws {
        guard let (what, partition) = expected.removeValue(forKey: loaded.token) else { return }
        table.answered(partition)
        guard case .stream(let stream) = what, let checkpoint = backlogs[partition]?.checkpoint, let held = checkpoint.held[stream] else { return }
        backlogs[partition]?.isReading = false
        switch loaded.result {
        case .unreadable(let reason):
            try failed(Backlog.Failure(kind: .undecodable, reason: reason), at: held.first, of: stream, in: partition, into: &outcome, now: now)
        case .commits(let commits):
            // What lies behind is written as it is delivered.
            let passed = commits.filter { held.first...held.last ~= $0.position }
            guard !passed.isEmpty, storeRetryAt == nil else {
                let next = storeRetryAt ?? now + failures.retry.firstDelay
                backlogs[partition]?.held[stream]?.phase = .waits(until: next)
                return
            }
            try project(passed, of: stream, in: partition, into: &outcome, now: now)
        case .message: break
        }
    }

    /// Writes what was held, as far as it can be.
    private mutating func project(
        _ commits: [StoredCommit], of stream: StreamID, in partition: Int, into outcome: inout Outcome, now: Instant
    ) throws {
        guard let checkpoint = backlogs[partition]?.checkpoint, let leftOut = backlogs[partition]?.held[stream]?.leftOut, let last = commits.last,
            let end = checkpoint.held[stream]?.last
        else { return }
        // More of it was passed over while it was read: that is read next.
        let isWhole = last.position == end
        var inputs: [ProjectorInputs] = []
        var failure: (commit: Int, failure: Backlog.Failure)?
        for (number, stored) in commits.enumerated() where failure == nil {
            var (read, unread) = projecting.decode(stored.commit)
            unread.removeAll { leftOut.contains(post.place(of: stored.position, in: partition, index: $0.event)) }
            for place in leftOut where place.position == stored.position { read = projecting.leave(out: place.index, of: read) }
            if let first = unread.first {
                if let error = first.cause as? PayloadError, error.isFuture { throw reporter.future("\(error)", of: stream, in: partition) }
                let event = stored.commit.events[first.event]
                failure = (number, Backlog.Failure(kind: .undecodable, reason: "\(first.cause)", event: first.event, message: event))
            } else {
                inputs.append(read)
            }
        }
        // What comes before the one that fails is written without it.
        while true {
            var next = checkpoint
            if let failure {
                next.held[stream]?.first = commits[failure.commit].position
                inputs.removeLast(inputs.count - failure.commit)
            } else if isWhole {
                next.held[stream] = nil
            } else {
                next.held[stream]?.first = Position(last.position.rawValue + 1)
            }
            let (projecting, move, written) = (projecting, move(partition, to: next), inputs)
            if next != checkpoint {
                switch attempt(now: now, { try projecting.write(singly: written, moving: move) }) {
                case .written: break
                case .lost: return
                case .stopped: return waitsForStore(stream, partition)
                case .failed(let error):
                    guard let found = self.failure(of: error, in: commits.map(\.commit), now: now) else {
                        return waitsForStore(stream, partition)
                    }
                    failure = found
                    continue
                }
                backlogs[partition]?.checkpoint = next
                reporter.counts.events += written.reduce(0) { $0 + $1.count }
            }
            guard let failure else { break }
            if failure.commit > 0 { backlogs[partition]?.held[stream]?.isAnotherEvent() }
            return try failed(
                failure.failure, at: commits[failure.commit].position, of: stream, in: partition, into: &outcome, now: now)
        }
        guard isWhole else {
            backlogs[partition]?.held[stream]?.phase = .waits(until: now)
            return
        }
        backlogs[partition]?.held[stream] = nil
        if checkpoint.held[stream]?.isParked ?? false { reporter.report(.released(group: reporter.group, stream: stream)) }
    }

    private mutating func waitsForStore(_ stream: StreamID, _ partition: Int) {
        let next = storeRetryAt
        backlogs[partition]?.held[stream]?.phase = .waits(until: next)
    }

    /// An event holds its stream back: it is tried again later, or given up as the policy says.
    private mutating func failed(
        _ failure: Backlog.Failure, at position: Position, of stream: StreamID, in partition: Int, into outcome: inout Outcome, now: Instant
    ) throws {
        guard var held = backlogs[partition]?.held[stream] else { return }
        defer { backlogs[partition]?.held[stream] = held }
        held.attempts += 1
        let (attempts, first) = (held.attempts, held.firstFailure ?? (now, surroundings.clock.time))
        held.firstFailure = first
        held.kind = failure.kind
        held.reason = attempts == 1 ? failure.reason : "given up after \(attempts) attempts: \(failure.reason)"
        if backlogs[partition]?.checkpoint?.held[stream]?.isParked ?? false { return held.wait(until: nil, now: now) }
        let randomness = surroundings.randomness
        switch failures.step(on: failure.kind, attempts: attempts, elapsed: now - first.instant, random: { randomness.next() }) {
        case .retry(let delay):
            held.wait(until: now + delay, now: now)
            reporter.report(
                .retried(group: reporter.group, stream: stream, kind: failure.kind, attempt: attempts, reason: failure.reason, next: delay))
        case .giveUp(.halt):
            throw HandlerHalted(group: reporter.group, stream: stream, type: failure.message?.payload.name ?? "", reason: held.reason)
        case .giveUp(let action):
            held.phase = .isLettered
            let place = post.place(of: position, in: partition, index: failure.event)
            let token = expect(.heldLetter(stream, leavesOut: action == .skip ? place : nil), in: partition)
            post.send(
                token, about: place, stream: stream,
                type: failure.message?.payload.name ?? "", message: failure.message, kind: failure.kind, reason: held.reason, attempts: attempts,
                firstFailedAt: first.time, by: reporter, into: &outcome)
        }
    }

    /// The letter is stored: from now on the stream waits for its release.
    private mutating func mark(_ stream: StreamID, _ partition: Int, now: Instant) {
        guard var next = backlogs[partition]?.checkpoint, let held = backlogs[partition]?.held[stream] else { return }
        next.held[stream]?.isParked = true
        let (projecting, move) = (projecting, move(partition, to: next))
        switch attempt(now: now, { try projecting.write([], moving: [move]) }) {
        case .written: break
        case .lost, .stopped: return
        case .failed(let error): return wait(for: error, now: now)
        }
        backlogs[partition]?.checkpoint = next
        backlogs[partition]?.held[stream]?.wait(until: nil, now: now)
        reporter.report(.parked(group: reporter.group, stream: stream, kind: held.kind, reason: held.reason))
    }
}

extension Backlog {
    /// By name: the order of a dictionary would be another in every process.
    fileprivate var inOrder: [StreamID] { held.keys.sorted { "\($0)" < "\($1)" } }

    /// When a held stream is to be tried again.
    var nextHeld: Instant? { isReading ? nil : held.values.lazy.compactMap(\.retryAt).min() }

    fileprivate func nextDue(_ now: Instant) -> StreamID? { inOrder.first { held[$0]?.retryAt.map { $0 <= now } ?? false } }

    /// A stream that was released is tried again at once, or when what is under way for it is done.
    mutating func release(_ stream: StreamID, now: Instant) {
        held[stream]?.isReleased = true
        if case .waits? = held[stream]?.phase { held[stream]?.phase = .waits(until: now) }
    }
}

extension HeldBack {
    /// Another event than the one that was tried so far: its attempts begin anew.
    fileprivate mutating func isAnotherEvent() {
        attempts = 0
        firstFailure = nil
    }

    /// An event is given up: the stream goes on without it.
    mutating func leavesOut(_ place: Place, now: Instant) {
        leftOut.insert(place)
        isAnotherEvent()
        phase = .waits(until: now)
    }
}

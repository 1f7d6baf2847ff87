internal import EventHorizon

extension ProjectionLoop {
    mutating func write(into outcome: inout Outcome, now: Instant) throws {
        var single: [Int] = []
        batch: while true {
            let due = backlogs.keys.sorted().filter { partition in
                guard let backlog = backlogs[partition], table.accepts(partition) else { return false }
                return !backlog.items.isEmpty && backlog.openLetters == 0 && backlog.retryAt.map { $0 <= now } ?? true
            }
            let fresh = due.filter { backlogs[$0]?.isWrittenSingly == false }
            single = due.filter { backlogs[$0]?.isWrittenSingly == true }
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
        for partition in single where storeRetryAt == nil { try writeSingly(partition, into: &outcome, now: now) }
    }

    enum Attempt {
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
            guard let backlog = backlogs[partition] else { continue }
            moves.append(move(partition, to: backlog.checkpoint(through: backlog.items, member.incarnation)))
            for item in backlog.items {
                if let found = item.inputs, found.count > 0, !backlog.isHeld(item.stream) { inputs.append(found) }
            }
        }
        let projecting = projecting
        let attempt = attempt(now: now) { try projecting.write(inputs, moving: moves) }
        guard case .written = attempt else { return attempt }
        for move in moves { written(move) }
        reporter.counts.events += inputs.reduce(0) { $0 + $1.count }
        return attempt
    }

    /// A partition's items one by one. The stream of one that fails is held back, and what follows of others is written.
    private mutating func writeSingly(_ partition: Int, into outcome: inout Outcome, now: Instant) throws {
        while let backlog = backlogs[partition], let first = backlog.items.first, backlog.openLetters == 0 {
            var inputs: [ProjectorInputs] = []
            if let found = first.inputs, found.count > 0, !backlog.isHeld(first.stream) { inputs.append(found) }
            let move = move(partition, to: backlog.checkpoint(through: CollectionOfOne(first), member.incarnation))
            var failure = backlog.isHeld(first.stream) ? nil : backlog.unread[first.ordinal]
            if failure == nil {
                let projecting = projecting
                switch attempt(now: now, { try projecting.write(singly: inputs, moving: move) }) {
                case .written:
                    written(move)
                    reporter.counts.events += inputs.reduce(0) { $0 + $1.count }
                    continue
                case .lost, .stopped: return
                case .failed(let error):
                    guard let found = self.failure(of: error, in: [first.commit], now: now)?.failure else { return }
                    failure = found
                }
            }
            guard let failure, try hold(first, failure, of: partition, moving: move, into: &outcome, now: now) else { return }
        }
        backlogs[partition]?.isWrittenSingly = false
    }

    func move(_ partition: Int, to checkpoint: Checkpoint) -> CheckpointMove {
        CheckpointMove(partition: partition, from: backlogs[partition]?.checkpoint, to: checkpoint)
    }

    mutating func attempt(now: Instant, _ write: () throws -> Void) -> Attempt {
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

    /// The rows are written and the checkpoint has moved.
    mutating func written(_ move: CheckpointMove) {
        let partition = move.partition
        backlogs[partition]?.checkpoint = move.to
        backlogs[partition]?.retryAt = nil
        var commits = 0
        backlogs[partition]?.items.removeFirst(while: { $0.position <= move.to.position }) { item in
            if item.commit != nil { commits += 1 }
            table.settle(item.ordinal, of: partition, isSkipped: item.isSkipped)
        }
        backlogs[partition]?.forgetWritten()
        reporter.counts.deliveries += commits
    }

    /// What of these commits failed; nil where it is the store's fault, for which no event is given up: it is waited for, and the stall shows.
    mutating func failure(of error: any Error, in commits: [Commit?], now: Instant) -> (commit: Int, failure: Backlog.Failure)? {
        guard let failed = error as? ProjectionFailure else {
            wait(for: error, now: now)
            return nil
        }
        if let retriable = failed.cause as? any RetriableError, retriable.isRetriable {
            wait(for: retriable, now: now)
            return nil
        }
        let failure = Backlog.Failure(
            kind: .failed, reason: "\(failed.cause)", event: failed.event, message: commits[failed.commit]?.events[failed.event])
        return (failed.commit, failure)
    }

    mutating func wait(for error: any Error, now: Instant) {
        storeAttempts += 1
        let attempts = storeAttempts
        let delay = failures.retry.delay(after: attempts, random: surroundings.randomness.next())
        storeRetryAt = now + delay
        reporter.report(.retried(group: reporter.group, stream: nil, kind: nil, attempt: attempts, reason: "\(error)", next: delay))
    }
}

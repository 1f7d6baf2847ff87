internal import EventHorizon

extension CommandLoop {
    /// The first failure of a batch that needs more than a letter; those that need no more are given up at once.
    mutating func judge(_ batch: [PendingCommand], _ slot: Int) -> (index: Int, kind: FailurePolicy.Kind, reason: String)? {
        for (index, pending) in batch.enumerated() {
            guard case .failed(let kind, let reason) = draft.verdicts[index] else { continue }
            let response = settings.failures[kind]
            if pending.parkingCommand != nil {
                // No aggregate knows it, and there is nothing to release; nor is there where it was parked itself.
                draft.verdicts[index] = pending.isLetter ? .accepted(events: []) : .released
            } else if !response.isRetried, response.action == .skip {
                draft.verdicts[index] = .deadLettered(kind, reason: reason)
            } else {
                return (index, kind, reason)
            }
        }
        return nil
    }

    /// The one command in hand failed: it is tried again later, or given up as the policy says.
    mutating func fail(_ slot: Int, _ kind: FailurePolicy.Kind, _ reason: String, now: Instant) throws {
        let (attempt, step) = count(kind, slot, now: now)
        switch step {
        case .retry(let delay):
            reporter.report(.retried(group: reporter.group, stream: lanes[slot].stream, kind: kind, attempt: attempt, reason: reason, next: delay))
            decideAgain(slot, at: now + delay)
        case .giveUp(let action):
            try giveUp(slot, action, kind, attempt == 1 ? reason : "given up after \(attempt) attempts: \(reason)")
            decideAgain(slot, at: nil)
        }
    }

    private mutating func count(_ kind: FailurePolicy.Kind, _ slot: Int, now: Instant) -> (attempt: Int, step: FailurePolicy.Step) {
        lanes[slot].attempts += 1
        let attempt = lanes[slot].attempts
        let since = lanes[slot].firstFailure?.instant ?? now
        if lanes[slot].firstFailure == nil { lanes[slot].firstFailure = (now, surroundings.clock.time) }
        let randomness = surroundings.randomness
        return (attempt, settings.failures.step(on: kind, attempts: attempt, elapsed: now - since) { randomness.next() })
    }

    /// What becomes of the first command in hand.
    private mutating func giveUp(_ slot: Int, _ action: FailurePolicy.Action, _ kind: FailurePolicy.Kind, _ reason: String) throws {
        guard let pending = lanes[slot].current.first else { return }
        if pending.parkingCommand != nil, !pending.isLetter {
            // It says of what is parked that it is so still, and is never parked behind it.
            pending.verdict = .rejected(StillParked(reason: reason).payload)
            return
        }
        switch action {
        case .skip: pending.verdict = .deadLettered(kind, reason: reason)
        case .park: if pending.isLetter { stopDraining(slot, reason) } else { pending.verdict = .parked(kind, reason: reason) }
        case .halt:
            throw HandlerHalted(group: reporter.group, stream: lanes[slot].stream, type: pending.envelope.payload.name, reason: reason)
        }
    }

    /// Another commit took the place: the commands in hand are decided again on what the stream says now.
    mutating func conflict(_ slot: Int, now: Instant) throws {
        reporter.report(.conflict(group: reporter.group, stream: lanes[slot].stream))
        // What is parked may be otherwise now.
        forgetLetters(slot)
        try retry(slot, .contended, reason: "other commits took its place each time", now: now)
    }

    mutating func refused(_ slot: Int, _ reason: String, now: Instant) throws {
        reporter.report(.brokerRefused(group: reporter.group, reason: reason))
        if lanes[slot].current.count > 1 {
            lanes[slot].share = lanes[slot].current.count / 2
            decideAgain(slot, at: nil)
        } else if lanes[slot].current[0].isGivenUp {
            // Even the commit that says so is refused: nothing is lost by waiting, and the stall shows.
            try retry(slot, .refused, reason: reason, now: now)
        } else {
            try fail(slot, .refused, "its commit was refused: \(reason)", now: now)
        }
    }

    /// Tries again what is in hand: at once the first time.
    private mutating func retry(_ slot: Int, _ kind: FailurePolicy.Kind, reason: String, now: Instant) throws {
        let (attempt, step) = count(kind, slot, now: now)
        if case .giveUp(let action) = step, lanes[slot].current.first.map({ !$0.isGivenUp }) ?? false {
            try giveUp(slot, action, kind, "given up after \(attempt) attempts: \(reason)")
        }
        let delay = settings.failures.retry.delay(after: attempt, random: surroundings.randomness.next())
        if attempt > 1 {
            reporter.report(
                .retried(group: reporter.group, stream: lanes[slot].stream, kind: kind, attempt: attempt, reason: reason, next: delay))
        }
        decideAgain(slot, at: attempt > 1 ? now + delay : nil)
    }

    mutating func decideAgain(_ slot: Int, at time: Instant?) {
        handler.forget(slot: slot)
        // What is given up stays so; what its own conditions said may be otherwise now.
        for pending in lanes[slot].current where !pending.isGivenUp { pending.forgetVerdict() }
        lanes[slot].waiting.prepend(lanes[slot].current)
        lanes[slot].current.removeAll()
        lanes[slot].commit = nil
        lanes[slot].isTainted = false
        if let time {
            lanes[slot].phase = .waiting(until: time)
            timers[slot] = time
        } else {
            lanes[slot].phase = .cold
            ready.append(slot)
        }
    }
}

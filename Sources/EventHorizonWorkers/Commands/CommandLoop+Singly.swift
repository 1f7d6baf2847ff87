internal import EventHorizon

/// Partitions whose owners died with a message in hand: traps cannot be caught, and a process that is killed tells nothing.
extension CommandLoop {
    mutating func begin(_ claim: Claim, into outcome: inout Outcome) {
        switch cautions.begin(claim) {
        case .asUsual: outcome.starts.append((claim.partition, claim.progress))
        case .afterRecording(let attempt):
            let token = expect(.beginning(claim.progress), in: claim.partition)
            outcome.tries.append(.init(token: token, partition: claim.partition, attempt: attempt))
        case .singly(let blamed):
            reporter.report(
                .workedSingly(
                    group: reporter.group, partition: claim.partition, after: claim.progress, tried: blamed?.position, attempts: blamed?.number ?? 0))
            outcome.starts.append((claim.partition, claim.progress))
        }
    }

    /// How long until whoever else of the process works singly is looked for again.
    private static let turn = Duration.milliseconds(10)

    /// Takes the next step of the partitions that are worked singly: one message is in hand at a time, here and in every other loop of the process, or what
    /// another dies of would be laid to its charge.
    /// - Returns: Whether lanes can go on.
    mutating func goOnSingly(into outcome: inout Outcome, now: Instant) -> Bool {
        nextTurn = nil
        guard cautions.areAny else {
            pass = nil
            return false
        }
        for partition in 0..<member.partitionCount {
            guard let inHand = cautions[partition]?.inHand, table.progress(of: partition) < inHand.position else { continue }
            // Of one that is being given up nothing is heard when that is done.
            if !table.accepts(partition) { nextTurn = now + Self.turn }
            return false
        }
        pass = pass ?? surroundings.turnstile.enter()
        guard pass != nil else {
            nextTurn = now + Self.turn
            return false
        }
        let first = firstSingly
        for offset in 0..<member.partitionCount {
            let partition = (first + offset) % member.partitionCount
            guard table.accepts(partition), let step = cautions[partition]?.next(progress: table.progress(of: partition)) else { continue }
            firstSingly = partition + 1
            switch step {
            case .record(let attempt):
                cautions.recorded(attempt, in: partition)
                let token = expect(.attempt, in: partition)
                outcome.tries.append(.init(token: token, partition: partition, attempt: attempt))
                return !ready.isEmpty
            case .giveUp(let pending, let attempts):
                pending.trapped =
                    "its worker died each time it was handled alone, \(attempts) times, and it is not handled again: it lies at position \(pending.position) of partition "
                    + "\(partition); see what the workers said when they died, mend it, and release"
                queue(pending, in: partition, into: &outcome)
                if let slot = lanes.slot(of: pending.envelope.stream.aggregate) { lanes[slot].attempts = attempts - 1 }
                return true
            case .end(let waiting):
                cautions[partition] = nil
                waiting.forEach { queue($0, in: partition, into: &outcome) }
            }
        }
        // Nothing is in hand.
        pass = nil
        return !ready.isEmpty
    }

    /// It is recorded that the next message of a partition is tried.
    mutating func handleAlone(in partition: Int, into outcome: inout Outcome) {
        guard table.accepts(partition), let pending = cautions[partition]?.inHand else { return }
        queue(pending, in: partition, into: &outcome)
    }
}

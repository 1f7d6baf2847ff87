internal import EventHorizon

extension MemoryState {
    enum Look {
        case ready
        /// Nothing has happened; look again at `due` at the latest.
        case wait(due: Instant?, isDraining: Bool)
    }

    /// At most this many deliveries of a partition are out and not finished.
    var unfinishedPerPartition: Int { max(64, 2_048 / partitionCount) }

    /// Moves what has happened into `turn`. `isFirst`: the member has just called, and was not merely woken.
    mutating func look(_ number: Int, into turn: inout Turn, until deadline: Instant?, isCancelled: Bool, isFirst: Bool) -> Look {
        guard let member = index(of: number) else {
            turn.isDraining = isCancelled
            return .ready
        }
        let now = clock.now
        land()
        let group = members[member].group
        members[member].hasNews = false
        members[member].lastSeen = now
        let startsDraining = isCancelled && !members[member].isDraining
        if startsDraining { members[member].isDraining = true }
        if startsDraining || members[member].isAsleep {
            members[member].isAsleep = false
            rebalance(group)
        }
        expireLeases()
        appendAgain(member)
        sendMessages(of: member)
        if isFirst { injectFaults(member) }

        let hadLost = !members[member].lost.isEmpty
        move(member, into: &turn, now)
        if hadLost { rebalance(group) }
        if !members[member].isDraining { deliver(member, into: &turn, now) }
        turn.isDraining = members[member].isDraining
        if !turn.isEmpty || startsDraining { return .ready }
        if let deadline, now >= deadline { return .ready }

        var due = deadline
        func earlier(_ moment: Instant?) { if let moment { due = min(due ?? moment, moment) } }
        for answer in members[member].answers { earlier(answer.due) }
        for append in members[member].appends { earlier(append.due) }
        for message in members[member].messages { earlier(message.due) }
        earlier(underWay.first?.due)
        for case let heldUp? in members[member].sessions.map(\.?.heldUpUntil) where heldUp > now { earlier(heldUp) }
        if let lease = faults?.lease { earlier(now + lease / 3) }
        return .wait(due: due, isDraining: members[member].isDraining)
    }

    private mutating func move(_ member: Int, into turn: inout Turn, _ now: Instant) {
        swap(&turn.claimed, &members[member].claimed)
        swap(&turn.revoked, &members[member].revoked)
        swap(&turn.lost, &members[member].lost)
        swap(&turn.notices, &members[member].notices)
        for pending in members[member].loaded { turn.loaded.append(pending.loaded) }
        members[member].loaded.removeAll(keepingCapacity: true)
        guard !members[member].answers.isEmpty else { return }
        for pending in members[member].answers where pending.due.map({ $0 <= now }) ?? true { turn.answers.append(pending.answer) }
        members[member].answers.removeAll { $0.due.map { $0 <= now } ?? true }
    }

    private mutating func deliver(_ member: Int, into turn: inout Turn, _ now: Instant) {
        let log = members[member].declaration.log
        let first = members[member].firstPartition
        members[member].firstPartition = (first + 1) % partitionCount
        for offset in 0..<partitionCount {
            let partition = (first + offset) % partitionCount
            guard var session = members[member].sessions[partition], var cursor = session.cursor, !session.isRevoked else { continue }
            let end = self[log].partitions[partition].count
            guard cursor < end || session.lostFrom != nil else { continue }
            if let heldUp = session.heldUpUntil {
                guard heldUp <= now else { continue }
                session.heldUpUntil = nil
            } else if draw(\.lateDelivery) {
                session.heldUpUntil = delayed()
                members[member].sessions[partition] = session
                continue
            }
            if let lostFrom = session.lostFrom {
                cursor = min(cursor, lostFrom)
                session.lostFrom = nil
                members[member].notices.append(
                    .readerRestarted(partition: partition, reason: "a fault of the seed: deliveries were lost on their way"))
            } else if draw(\.lostDelivery) {
                session.lostFrom = cursor
                session.cursor = end
                session.heldUpUntil = delayed()
                members[member].sessions[partition] = session
                continue
            }
            var skipped = 0
            var skippedTo = Position.start
            func skip() {
                if skipped > 0 { turn.deliveries.append(Delivery(partition: partition, position: skippedTo, content: .skipped(count: skipped))) }
                skipped = 0
            }
            while cursor < end {
                let record = self[log].partitions[partition][cursor]
                if members[member].wants(record) {
                    guard session.unfinished < unfinishedPerPartition else { break }
                    skip()
                    turn.deliveries.append(Delivery(partition: partition, position: record.position, content: content(of: record, in: log)))
                    session.unfinished += 1
                } else {
                    skipped += 1
                    skippedTo = record.position
                }
                cursor += 1
            }
            skip()
            session.cursor = cursor
            members[member].sessions[partition] = session
        }
    }

    /// The faults of a turn.
    private mutating func injectFaults(_ member: Int) {
        if draw(\.lostPartition) {
            let held = members[member].held
            if !held.isEmpty {
                take(held[random.below(held.count)], from: member, isUnclean: true, tell: true)
                // A claim that was never told leaves nothing to tell: nobody would look again.
                if members[member].lost.isEmpty { rebalance(members[member].group) }
            }
        }
        if draw(\.readerRestart) {
            let log = members[member].declaration.log
            let started = members[member].held.filter { members[member].sessions[$0]?.cursor != nil }
            guard !started.isEmpty else { return }
            let partition = started[random.below(started.count)]
            guard let session = members[member].sessions[partition], let cursor = session.cursor else { return }
            let from = max(session.startedAfter, groups[members[member].group].progress[partition])
            let again = self[log].index(after: from, in: partition)
            members[member].sessions[partition]?.cursor = min(cursor, again)
            members[member].notices.append(
                .readerRestarted(partition: partition, reason: "a fault of the seed: deliveries begin again after position \(from)"))
        }
    }
}

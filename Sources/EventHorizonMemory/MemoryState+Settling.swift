internal import EventHorizon
internal import EventHorizonWire

extension MemoryState {
    /// Does what a member wants done; its answers wait for its next turn. Whoever waits for a reply is given back, to be resumed outside the lock.
    mutating func settle(_ number: Int, _ outcome: Outcome) -> [(waiter: CheckedContinuation<Answer?, Never>, answer: Answer)] {
        land()
        guard let member = index(of: number) else { return [] }
        guard !features.atomicSettle else { return carryOutWhole(member, outcome) }
        if draw(\.lostPartition) { loseOne(of: member) }
        storeUnfenced(member, outcome)
        let count = outcome.appends.count + outcome.messages.count + outcome.letters.count + outcome.progress.count + outcome.tries.count
        guard count > 0, draw(\.tornOutcome) else { return carryOut(member, outcome) }
        var part = outcome
        let lost = part.keep(first: random.below(count))
        let replies = carryOut(member, part)
        for partition in lost where holds(member, partition) { take(partition, from: member, isUnclean: true, tell: true) }
        if !lost.isEmpty { rebalance(members[member].group) }
        return replies
    }

    /// The faults of transactions: of a partition all is stored or nothing, and in doubt its member begins again from what is recorded.
    private mutating func carryOutWhole(_ member: Int, _ outcome: Outcome) -> [(waiter: CheckedContinuation<Answer?, Never>, answer: Answer)] {
        guard faults != nil else { return carryOut(member, outcome) }
        var committed = outcome
        var lost: [Int] = []
        for partition in members[member].held where outcome.stores(inPartition: partition) {
            if draw(\.abortedOutcome) {
                committed.removeStored(inPartition: partition)
                lost.append(partition)
            } else if draw(\.unansweredOutcome) {
                lost.append(partition)
            }
        }
        let replies = carryOut(member, committed)
        for partition in lost where holds(member, partition) { take(partition, from: member, isUnclean: true, tell: true) }
        if !lost.isEmpty { rebalance(members[member].group) }
        return replies
    }

    /// What a member has lost without knowing is stored where its conditions hold; nobody answers, and its progress is another's to write.
    private mutating func storeUnfenced(_ member: Int, _ outcome: Outcome) {
        let lost = members[member].lost
        guard !lost.isEmpty, draw(\.unfencedOutcome) else { return }
        for append in outcome.appends where lost.contains(append.partition) {
            if case .stored(let bytes) = judge(append) { _ = store(append.commit, bytes) }
        }
        for message in outcome.messages where lost.contains(message.partition) { _ = store(message.envelope) }
        for letter in outcome.letters where lost.contains(letter.partition) { _ = store(letter) }
    }

    private mutating func carryOut(_ member: Int, _ outcome: Outcome) -> [(waiter: CheckedContinuation<Answer?, Never>, answer: Answer)] {
        let log = members[member].declaration.log
        for start in outcome.starts where holds(member, start.partition) {
            let cursor = self[log].index(after: start.after, in: start.partition)
            members[member].sessions[start.partition]?.cursor = cursor
            members[member].sessions[start.partition]?.startedAfter = start.after
        }
        for finished in outcome.finished where holds(member, finished.partition) {
            let unfinished = members[member].sessions[finished.partition]?.unfinished ?? 0
            members[member].sessions[finished.partition]?.unfinished = max(0, unfinished - finished.count)
        }
        if features.atomicSettle { settleWhole(member, outcome) } else { settleSingly(member, outcome) }
        for load in outcome.loads where holds(member, load.partition) {
            let loaded = LoadedStream(token: load.token, result: self.load(load.stream, load.extent))
            members[member].loaded.append(MemberState.PendingLoad(partition: load.partition, loaded: loaded))
        }
        var replies: [(waiter: CheckedContinuation<Answer?, Never>, answer: Answer)] = []
        for reply in outcome.replies {
            let answer = travelled(reply.answer)
            if let waiter = close(reply.to, with: answer) { replies.append((waiter, answer)) }
        }
        for partition in outcome.releases where holds(member, partition) { release(partition, of: member) }
        if !outcome.releases.isEmpty { rebalance(members[member].group) }
        members[member].hasNews = true
        return replies
    }

    private func holds(_ member: Int, _ partition: Int) -> Bool {
        members[member].sessions.indices.contains(partition) && members[member].sessions[partition] != nil
    }

    private mutating func settleSingly(_ member: Int, _ outcome: Outcome) {
        for append in outcome.appends where holds(member, append.partition) {
            let verdict = judge(append)
            if case .stored(let bytes) = verdict, draw(\.unansweredAppend) {
                leaveUnanswered(append, bytes, member)
            } else {
                finish(append, verdict, member)
            }
        }
        settleRest(member, outcome)
    }

    /// What a partition's part of an outcome stores is stored whole or not at all. Refused records are no part of it.
    ///
    /// Where an append conflicts and there is nothing beside, it is answered; where there is more, the partition is lost and claimed again, as after
    /// an aborted transaction.
    private mutating func settleWhole(_ member: Int, _ outcome: Outcome) {
        var verdicts: [Verdict?] = []
        var touched: [StreamID] = []
        var conflicts = Array(repeating: 0, count: partitionCount)
        var others = Array(repeating: 0, count: partitionCount)
        for append in outcome.appends {
            guard holds(member, append.partition) else {
                verdicts.append(nil)
                continue
            }
            var verdict = judge(append)
            if case .stored = verdict {
                if touched.contains(append.commit.stream) { verdict = .conflict(append.previous) } else { touched.append(append.commit.stream) }
            }
            switch verdict {
            case .conflict: conflicts[append.partition] += 1
            case .stored, .duplicate: others[append.partition] += 1
            case .refused: break
            }
            verdicts.append(verdict)
        }
        for message in outcome.messages where holds(member, message.partition) { others[message.partition] += 1 }
        for letter in outcome.letters where holds(member, letter.partition) { others[letter.partition] += 1 }
        for progress in outcome.progress where holds(member, progress.partition) { others[progress.partition] += 1 }
        for item in outcome.tries where holds(member, item.partition) { others[item.partition] += 1 }
        for partition in 0..<partitionCount where conflicts[partition] > 0 && others[partition] > 0 {
            take(partition, from: member, isUnclean: false, tell: true)
        }
        for (append, verdict) in zip(outcome.appends, verdicts) where holds(member, append.partition) {
            if let verdict { finish(append, verdict, member) }
        }
        settleRest(member, outcome)
    }

    mutating func finish(_ append: Outcome.Append, _ verdict: Verdict, _ member: Int) {
        switch verdict {
        case .stored(let bytes):
            let position = store(append.commit, bytes)
            answer(append.token, append.partition, draw(\.duplicateAnswer) ? .duplicate(position) : .stored(position), member)
        case .duplicate(let position): answer(append.token, append.partition, .duplicate(position), member)
        case .conflict(let position): answer(append.token, append.partition, .conflict(position), member)
        case .refused(let reason): answer(append.token, append.partition, .refused(reason: reason), member)
        }
    }

    private mutating func settleRest(_ member: Int, _ outcome: Outcome) {
        for message in outcome.messages where holds(member, message.partition) {
            members[member].messages.append(MemberState.PendingMessage(message: message))
        }
        sendMessages(of: member)
        for letter in outcome.letters where holds(member, letter.partition) { answer(letter.token, letter.partition, store(letter), member) }
        for (partition, position) in outcome.progress where holds(member, partition) {
            if draw(\.lateProgress) {
                if let earlier = members[member].sessions[partition]?.unrecorded { record(earlier, partition, members[member].group) }
                members[member].sessions[partition]?.unrecorded = position
            } else {
                members[member].sessions[partition]?.unrecorded = nil
                record(position, partition, members[member].group)
            }
        }
        for item in outcome.tries where holds(member, item.partition) {
            let group = members[member].group
            if let progress = members[member].sessions[item.partition]?.unrecorded { record(progress, item.partition, group) }
            members[member].sessions[item.partition]?.unrecorded = nil
            groups[group].trying[item.partition] = item.attempt
            answer(item.token, item.partition, .stored(item.attempt.position), member)
        }
    }

    mutating func answer(_ token: Int, _ partition: Int, _ result: SettleAnswer.Result, _ member: Int) {
        let due = draw(\.lateAnswer) ? delayed() : nil
        members[member].answers.append(
            MemberState.PendingAnswer(partition: partition, due: due, answer: SettleAnswer(token: token, result: result)))
    }

    /// The answer as its client reads it. Nothing that can be written here fails to be read; if it did, the client would be told as it is.
    private func travelled(_ answer: Answer) -> Answer {
        (try? codec.encode(answer).withUnsafeBytes { try codec.decodeAnswer($0) }) ?? answer
    }
}

extension Outcome {
    fileprivate func stores(inPartition partition: Int) -> Bool {
        appends.contains { $0.partition == partition } || messages.contains { $0.partition == partition }
            || letters.contains { $0.partition == partition } || progress.contains { $0.partition == partition }
            || tries.contains { $0.partition == partition }
    }

    fileprivate mutating func removeStored(inPartition partition: Int) {
        appends.removeAll { $0.partition == partition }
        messages.removeAll { $0.partition == partition }
        letters.removeAll { $0.partition == partition }
        progress.removeAll { $0.partition == partition }
        tries.removeAll { $0.partition == partition }
        // Released with what was given up it would look as if all had been settled.
        releases.removeAll { $0 == partition }
    }

    /// Cuts what is to be stored down to its first `count` parts, in the order appends, messages, letters, progress, tries.
    /// - Returns: The partitions of what was cut off.
    package mutating func keep(first count: Int) -> [Int] {
        var left = count
        var cut: [Int] = []
        func shorten<Part>(_ parts: inout [Part], _ partition: (Part) -> Int) {
            let kept = min(left, parts.count)
            left -= kept
            for part in parts[kept...] where !cut.contains(partition(part)) { cut.append(partition(part)) }
            parts.removeSubrange(kept...)
        }
        shorten(&appends, \.partition)
        shorten(&messages, \.partition)
        shorten(&letters, \.partition)
        shorten(&progress, \.partition)
        shorten(&tries, \.partition)
        if !cut.isEmpty { replies.removeAll() }
        return cut
    }
}

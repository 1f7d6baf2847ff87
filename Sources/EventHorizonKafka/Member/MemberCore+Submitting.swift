#if Kafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

extension MemberCore {
    mutating func submit(_ outcome: inout Outcome) {
        for start in outcome.starts where isHeld(start.partition) { startReader(start.partition, after: start.after) }
        for finished in outcome.finished where isHeld(finished.partition) { sessions[finished.partition]!.reader?.finish(finished.count) }
        gather(outcome)
        for partition in touched {
            sessions[partition]!.waiting.append(gathered[partition])
            gathered[partition] = PartitionOutcome()
            settleWaiting(partition)
        }
        touched.removeAll(keepingCapacity: true)
        for load in outcome.loads where isHeld(load.partition) { loads.append((load, sessions[load.partition]!.epoch)) }
        sendLoads()
        if !outcome.replies.isEmpty { publisher.send(outcome.replies) }
        for partition in outcome.releases where isHeld(partition) { release(partition) }
        if !outcome.finished.isEmpty || !outcome.starts.isEmpty { mailbox.wake() }
    }

    private mutating func gather(_ outcome: Outcome) {
        func touch(_ partition: Int, _ core: inout Self, _ change: (inout PartitionOutcome) -> Void) {
            guard core.isHeld(partition) else { return }
            if core.gathered[partition].isEmpty { core.touched.append(partition) }
            change(&core.gathered[partition])
        }
        for append in outcome.appends { touch(append.partition, &self) { $0.appends.append(PartitionOutcome.Append(append: append)) } }
        for message in outcome.messages { touch(message.partition, &self) { $0.messages.append(message) } }
        for letter in outcome.letters { touch(letter.partition, &self) { $0.letters.append(letter) } }
        for progress in outcome.progress { touch(progress.partition, &self) { $0.progress = max($0.progress ?? .start, progress.position) } }
        for item in outcome.tries { touch(item.partition, &self) { $0.trying = item } }
    }

    // MARK: Loading

    mutating func sendLoads() {
        // What is read waits in memory until the loop takes it: not all at once.
        while loadsUnderWay < 512, nextLoad < loads.count {
            let (load, epoch) = loads[nextLoad]
            nextLoad += 1
            guard sessions[load.partition]?.epoch == epoch else { continue }
            loadsUnderWay += 1
            switch (load.extent, parts.replica) {
            case (.letter, _), (_, nil): parts.records.load(load, epoch: epoch)
            case (_, let replica?): replica.load(load, epoch: epoch)
            }
        }
        if nextLoad == loads.count {
            loads.removeAll(keepingCapacity: true)
            nextLoad = 0
        }
    }

    // MARK: Settling

    /// Hands over what waits of a partition, in order, as far as every append's place is known.
    mutating func settleWaiting(_ partition: Int) {
        while var outcome = sessions[partition]?.waiting.first {
            judge(&outcome, partition)
            guard sessions[partition] != nil else { return }
            sessions[partition]!.waiting[0] = outcome
            guard outcome.isJudged else { return }
            sessions[partition]!.waiting.removeFirst()
            settle(outcome, partition)
        }
    }

    /// This member alone writes its categories to the partition, so that what it knows of a stream's end is the truth. What it does not know lies in
    /// the replica.
    private mutating func judge(_ outcome: inout PartitionOutcome, _ partition: Int) {
        for index in outcome.appends.indices where outcome.appends[index].verdict == nil && !outcome.appends[index].isAsked {
            let append = outcome.appends[index].append
            let stream = append.commit.stream
            switch sessions[partition]!.ends[stream] {
            case .pending: outcome.appends[index].verdict = .conflict(append.previous)
            case .at(let end) where end == append.previous: outcome.appends[index].verdict = .free
            case .at, nil:
                guard let replica = parts.replica else {
                    outcome.appends[index].verdict = .unreadable(
                        "a group that reads the \(group.log) log appends nothing: only who handles a category does")
                    continue
                }
                outcome.appends[index].isAsked = true
                replica.judge(append, epoch: sessions[partition]!.epoch)
            }
        }
    }

    /// Everything of it is stored, or nothing: where an append conflicts and there is more than that, the partition is lost and claimed again.
    private mutating func settle(_ outcome: PartitionOutcome, _ partition: Int) {
        var answers: [SettleAnswer] = []
        var part = Part()
        var conflicts = 0
        var others = outcome.messages.count + outcome.letters.count + (outcome.progress == nil ? 0 : 1) + (outcome.trying == nil ? 0 : 1)
        var streams: [StreamID] = []
        for entry in outcome.appends {
            let append = entry.append
            let stream = append.commit.stream
            var verdict = entry.verdict ?? .conflict(append.previous)
            // Judged before an earlier outcome was handed over.
            if case .free = verdict, case .pending = sessions[partition]!.ends[stream] { verdict = .conflict(append.previous) }
            switch verdict {
            case .free:
                if let reason = add(append, to: &part) {
                    answers.append(SettleAnswer(token: append.token, result: .refused(reason: reason)))
                } else {
                    others += 1
                    streams.append(stream)
                    sessions[partition]!.ends[stream] = .pending
                }
            case .duplicate(let position):
                others += 1
                answers.append(SettleAnswer(token: append.token, result: .duplicate(position)))
            case .conflict(let position):
                conflicts += 1
                answers.append(SettleAnswer(token: append.token, result: .conflict(position)))
            case .unreadable(let reason): answers.append(SettleAnswer(token: append.token, result: .refused(reason: reason)))
            }
        }
        if conflicts > 0, others > 0 {
            earlyLost.append(partition)
            drop(partition)
            mailbox.wake()
            return
        }
        for message in outcome.messages {
            if let reason = add(message, to: &part) { answers.append(SettleAnswer(token: message.token, result: .refused(reason: reason))) }
        }
        for letter in outcome.letters {
            if let reason = add(letter, to: &part) { answers.append(SettleAnswer(token: letter.token, result: .refused(reason: reason))) }
        }
        if let progress = outcome.progress, progress > sessions[partition]!.progress {
            sessions[partition]!.progress = progress
            part.progress = progress
        }
        part.trying = outcome.trying
        if !answers.isEmpty {
            early += answers
            mailbox.wake()
        }
        if !part.isEmpty { sessions[partition]!.writer.submit(part) }
    }

    // MARK: Writing

    /// Whether a reader might refuse the commit. One of few events that follow from commands within the limits is within them too.
    private static func mayExceedLimits(_ commit: Commit) -> Bool {
        commit.step != nil || commit.events.count > 256 || commit.decided.count > 256
            || commit.decided.contains { $0.outcome.isLettered }
    }

    /// Adds a commit, or says why it never will be stored.
    private func add(_ append: Outcome.Append, to part: inout Part) -> String? {
        let commit = append.commit
        guard group.categories.contains(commit.stream.category) else {
            return "group '\(group.name)' does not handle the category of '\(commit.stream)': a category's one group writes its commits"
        }
        let partition = Partitioner.partition(of: commit.stream.aggregate, count: ready.partitionCount)
        guard partition == append.partition else {
            return
                "'\(commit.stream)' lies in partition \(partition), and the append is on behalf of \(append.partition): only its owner writes to it"
        }
        if Self.mayExceedLimits(commit) {
            do { try codec.check(commit) } catch { return error.description }
        }
        part.buffer.add(commit: commit, to: partition, codec: codec)
        guard part.buffer.lastSize <= ready.maximumRecordSize else {
            let size = part.buffer.lastSize
            part.buffer.removeLast()
            return
                "commit \(commit.number) of '\(commit.stream)' takes \(size) bytes, more than \(ready.maximumRecordSize): decide fewer events at once, or "
                + "raise max.message.bytes of the application's topics"
        }
        part.commits.append((commit.stream, part.buffer.records.count - 1))
        part.tokens.append((append.token, part.buffer.records.count - 1))
        return nil
    }

    private func add(_ message: Outcome.Message, to part: inout Part) -> String? {
        let command = message.envelope
        let partition = Partitioner.partition(of: command.stream.aggregate, count: ready.partitionCount)
        do { try part.buffer.add(checked: command, to: partition, codec: codec) } catch { return error.description }
        let limit = max(1, ready.maximumRecordSize - 65_536)
        guard part.buffer.lastSize <= limit else {
            let size = part.buffer.lastSize
            part.buffer.removeLast()
            return "the command '\(command.payload.name)' for '\(command.stream)' takes \(size) bytes, more than \(limit): send less, or raise "
                + "max.message.bytes of the application's topics"
        }
        part.tokens.append((message.token, part.buffer.records.count - 1))
        return nil
    }

    /// A letter that does not fit holds only its place; the message that lies there is kept from then on.
    private func add(_ item: Outcome.Letter, to part: inout Part) -> String? {
        var letter = item.letter
        guard (0..<ready.partitionCount).contains(letter.place.partition) else {
            return
                "a dead letter is about partition \(letter.place.partition), and there are \(ready.partitionCount): its place must name one of them"
        }
        if let message = item.message { letter.record = codec.encode(message) }
        part.buffer.add(letter: letter, codec: codec)
        if part.buffer.lastSize > ready.maximumRecordSize {
            part.buffer.removeLast()
            letter.record = []
            part.buffer.add(letter: letter, codec: codec)
            guard part.buffer.lastSize <= ready.maximumRecordSize else {
                let size = part.buffer.lastSize
                part.buffer.removeLast()
                return "a dead letter takes \(size) bytes without its record, more than \(ready.maximumRecordSize): raise max.message.bytes of "
                    + "'\(ready.names.topic(.deadLetters))'"
            }
            part.tokens.append((item.token, part.buffer.records.count - 1))
            // Only commands are ever removed.
            if letter.place.log == .commands {
                part.buffer.add(TopologyKey.kept(group: letter.group, partition: letter.place.partition, position: letter.place.position))
            }
            return nil
        }
        part.tokens.append((item.token, part.buffer.records.count - 1))
        return nil
    }
}
#endif

internal import EventHorizon

extension CommandLoop {
    /// Lets a lane go on as far as it can.
    mutating func advance(_ slot: Int, into outcome: inout Outcome, now: Instant) throws {
        guard lanes.holds(slot), !lanes[slot].waiting.isEmpty, table.accepts(lanes[slot].partition) else { return }
        lanes[slot].isRecent = true
        switch lanes[slot].phase {
        case .cold: load(slot, into: &outcome)
        case .idle:
            if !lanes[slot].hasState, let next = lanes[slot].waiting.first, lanes[slot].asks(about: next) {
                load(slot, into: &outcome)
            } else {
                try decide(slot, into: &outcome, now: now)
            }
        case .loading, .reading, .lettering, .appending, .sending, .waiting: break
        }
    }

    mutating func wake(_ now: Instant) {
        guard !timers.isEmpty else { return }
        // In the order of the slots: that of a dictionary would be another in every process.
        for slot in timers.keys.sorted() where timers[slot].map({ $0 <= now }) ?? false {
            timers[slot] = nil
            lanes[slot].phase = .cold
            ready.append(slot)
        }
    }

    private mutating func load(_ slot: Int, into outcome: inout Outcome) {
        lanes[slot].phase = .loading
        let partition = lanes[slot].partition
        let token = expect(.load(lane: slot), in: partition)
        outcome.loads.append(.init(token: token, partition: partition, stream: lanes[slot].stream, extent: handler.extent))
    }

    mutating func take(_ loaded: LoadedStream) throws {
        guard let (what, partition) = expected.removeValue(forKey: loaded.token) else { return }
        table.answered(partition)
        switch what {
        case .load(let slot): try take(commits(of: loaded, slot), slot)
        case .lookUp(let slot, let id):
            let commits = try commits(of: loaded, slot)
            // The last word: what was parked may have been decided since.
            let decided = commits.reversed().lazy.compactMap { stored in stored.commit.decided.last { $0.id == id } }.first
            // A read without the lane's last commit is stale and proves nothing: it is read once more.
            if decided != nil || commits.last.map({ $0.commit.number >= lanes[slot].number }) ?? false {
                lanes[slot].memory.found(decided?.outcome, of: id)
            }
            goOn(slot)
        case .parked(let slot): take(parkedIn: try commits(of: loaded, slot), slot)
        case .message(let slot, let index): take(loaded.result, index, slot)
        default: break
        }
    }

    private func commits(of loaded: LoadedStream, _ slot: Int) throws -> [StoredCommit] {
        switch loaded.result {
        case .unreadable(let reason): throw reporter.future(reason, of: lanes[slot].stream, in: lanes[slot].partition)
        case .commits(let commits): return commits
        case .message: return []
        }
    }

    private mutating func take(_ commits: [StoredCommit], _ slot: Int) throws {
        let stream = lanes[slot].stream
        // What of the stream was parked then may have been decided since.
        if commits.last?.commit.number ?? 0 != lanes[slot].number { forgetLetters(slot) }
        lanes[slot].forgetStream()
        for commit in commits.dropLast() { lanes[slot].memory.take(commit.commit, window: settings.recentCommands) }
        if let last = commits.last { lanes[slot].take(last, window: settings.recentCommands) }
        lanes[slot].hasState = lanes[slot].waiting.first.map(lanes[slot].asks) ?? false
        do {
            if lanes[slot].hasState { try handler.load(commits, slot: slot) } else { try handler.carryOn(commits, slot: slot) }
        } catch let error as PayloadError where error.isWrittenByAnotherBuild {
            throw reporter.future("\(error)", of: stream, in: lanes[slot].partition)
        } catch {
            // Of one aggregate: its commands become letters, all others go on.
            lanes[slot].unreadable = "the events of '\(stream)' cannot be read: \(error)"
        }
        goOn(slot)
    }

    mutating func goOn(_ slot: Int) {
        lanes[slot].phase = .idle
        ready.append(slot)
    }

    private mutating func lookUp(_ id: MessageID, _ slot: Int, into outcome: inout Outcome) {
        lanes[slot].phase = .loading
        let partition = lanes[slot].partition
        let token = expect(.lookUp(lane: slot, id: id), in: partition)
        outcome.loads.append(.init(token: token, partition: partition, stream: lanes[slot].stream, extent: .whole))
    }

    // MARK: Deciding

    private mutating func decide(_ slot: Int, into outcome: inout Outcome, now: Instant) throws {
        // Empty between commits; taken out of the lane so that its memory is used again.
        var batch: [PendingCommand] = []
        swap(&batch, &lanes[slot].current)
        let limit = min(lanes[slot].share, settings.sharedCommands)
        collecting: while batch.count < limit, let next = lanes[slot].waiting.first {
            switch next.isLetter ? .isNew : recognise(next, slot, into: &outcome) {
            case .isNew: break
            case .mustLookUp:
                if batch.isEmpty { return lookUp(next.envelope.id, slot, into: &outcome) }
                break collecting
            case .isKnown:
                _ = lanes[slot].waiting.popFirst()
                // A saga's step whose effects may not have left sends them again first.
                if case .sending = lanes[slot].phase {
                    lanes[slot].waiting.prepend(batch)
                    return
                }
                continue
            }
            // A repeat in the same batch is recognised once the first is stored; a condition on the version is decided alone.
            if batch.contains(where: { $0.envelope.id == next.envelope.id }) { break }
            if !batch.isEmpty, !lanes[slot].hasState, lanes[slot].asks(about: next) { break }
            if !batch.isEmpty, next.envelope.expectedVersion != nil || batch[0].envelope.expectedVersion != nil { break }
            if lanes[slot].isHeldUp, !next.isLetter {
                if let command = next.parkingCommand {
                    guard batch.isEmpty else { break collecting }
                    guard take(command, next, slot, into: &outcome) else { return }
                } else if lanes[slot].parked > 0, !next.isGivenUp {
                    next.verdict = .behind
                }
            }
            if next.verdict == nil { next.verdict = condition(of: next.envelope, slot) }
            batch.append(next)
            _ = lanes[slot].waiting.popFirst()
            // What follows is decided when it is known to be parked.
            if lanes[slot].parked == 0, next.verdict?.isParked ?? false { break }
        }
        guard !batch.isEmpty else { return }
        draft.removeAll()
        handler.decide(batch[...], slot: slot, commit: lanes[slot].number + 1, into: &draft)
        if let future = draft.future { throw reporter.future(future, of: lanes[slot].stream, in: lanes[slot].partition) }
        if draft.verdicts.count < batch.count {
            lanes[slot].waiting.prepend(batch[draft.verdicts.count...])
            batch.removeLast(batch.count - draft.verdicts.count)
        }
        if draft.verdicts.contains(where: \.isFailure), let failure = judge(batch, slot) {
            lanes[slot].current = batch
            guard batch.count == 1 else {
                // What failed is judged alone, after those before it are stored.
                lanes[slot].share = max(failure.index, 1)
                return decideAgain(slot, at: nil)
            }
            return try fail(slot, failure.kind, failure.reason, now: now)
        }
        lanes[slot].isTainted = draft.isTainted
        lanes[slot].current = batch
        lanes[slot].commit = makeCommit(slot)
        write(slot, into: &outcome)
    }

    /// What a command is answered whose own conditions do not hold; nil where they do.
    private func condition(of command: Envelope, _ slot: Int) -> Verdict? {
        if let reason = lanes[slot].unreadable { return .failed(.unreadableState, reason: reason) }
        if let expiry = command.expiry, expiry < surroundings.clock.time { return .rejected(CommandExpired(at: expiry).payload) }
        guard let expected = command.expectedVersion, expected != lanes[slot].version else { return nil }
        return .rejected(VersionConflict(expected: expected, actual: lanes[slot].version).payload)
    }

    private enum Recognition {
        case isNew
        /// Decided before; its answer is given again, and it is settled or its step's effects are on their way.
        case isKnown
        /// Decided before, or one with the fingerprint of its id was: the stream says how.
        case mustLookUp
    }

    private mutating func recognise(_ pending: PendingCommand, _ slot: Int, into outcome: inout Outcome) -> Recognition {
        let isReread = lanes[slot].hasInput(upTo: post.place(of: pending.position, in: lanes[slot].partition))
        let isPassedOnAgain = pending.envelope.origin.map { lanes[slot].hasInput(upTo: $0.place) } ?? false
        let isDecided = isReread || isPassedOnAgain
        let answer = lanes[slot].memory.answer(to: pending.envelope.id)
        if answer == nil, !isDecided || !pending.envelope.replyTo.isEmpty, lanes[slot].memory.mustLookUp(pending.envelope.id) { return .mustLookUp }
        guard isDecided || answer != nil else { return .isNew }
        reporter.counts.duplicates += 1
        if let answer { reply(to: pending.envelope, answer, slot, into: &outcome) }
        let effects = lanes[slot].unsentEffects
        if isReread, !effects.isEmpty {
            lanes[slot].current = [pending]
            lanes[slot].commit = nil
            send(effects, slot, into: &outcome)
        } else {
            settle(pending, slot)
        }
        return .isKnown
    }

    private func makeCommit(_ slot: Int) -> Commit {
        let (stream, partition, version) = (lanes[slot].stream, lanes[slot].partition, lanes[slot].version)
        var events: [Envelope] = []
        var decided: [DecidedCommand] = []
        var inputs = lanes[slot].inputs
        var parked = lanes[slot].parked
        decided.reserveCapacity(draft.verdicts.count)
        func note(_ place: Place) {
            inputs.removeAll { place.isBeside($0) || $0.log == place.log && $0.incarnation != place.incarnation }
            inputs.append(place)
        }
        for (pending, verdict) in zip(lanes[slot].current, draft.verdicts) {
            let command = pending.envelope
            let outcome: CommandOutcome
            switch verdict {
            case .accepted(let made):
                let first = version + events.count + 1
                if events.isEmpty { events = made } else { events += made }
                outcome = .accepted(versions: first..<first + made.count)
            case .rejected(let reason): outcome = .rejected(reason)
            case .deadLettered(_, let reason), .failed(_, let reason): outcome = .deadLettered(reason: reason)
            // Its letter's position follows when that is stored.
            case .parked(_, let reason):
                outcome = .parked(letter: .start, reason: reason)
                parked += 1
            case .behind:
                outcome = .parked(letter: .start, reason: "it came behind a parked command of its stream")
                parked += 1
            case .released:
                outcome = .released
                parked = 0
            }
            var entry = DecidedCommand(
                id: command.id, place: place(of: pending, in: partition), outcome: outcome,
                correlation: command.correlation, sender: command.sender)
            if command.sender != nil, outcome.isRefusal { entry.command = command.payload }
            decided.append(entry)
            // What was parked was noted then, and what came later since.
            if pending.isLetter {
                parked -= 1
                continue
            }
            note(entry.place)
            if let place = command.origin?.place { note(place) }
        }
        return Commit(
            stream: stream, number: lanes[slot].number + 1, firstVersion: version + 1, events: events, decided: decided,
            recent: handler.extent == .whole ? [] : lanes[slot].memory.carriedOn(window: settings.recentCommands), inputs: inputs, step: draft.step,
            parked: parked)
    }

    private func place(of pending: PendingCommand, in partition: Int) -> Place {
        pending.parkedAt ?? post.place(of: pending.position, in: partition)
    }

    // MARK: Writing

    /// The letters of what failed first, then the commit that names them.
    private mutating func write(_ slot: Int, into outcome: inout Outcome) {
        guard draft.verdicts.contains(where: \.isLettered) else { return append(slot, into: &outcome) }
        let lane = lanes[slot]
        var letters = 0
        for (index, (pending, decided)) in zip(lane.current, lane.commit?.decided ?? []).enumerated() where !pending.isLetter {
            let reason: String
            switch decided.outcome {
            case .deadLettered(let why), .parked(_, let why): reason = why
            case .accepted, .rejected, .released: continue
            }
            letters += 1
            let token = expect(.letter(lane: slot, index: index), in: lane.partition)
            // What is parked behind another was not tried.
            let attempts = decided.outcome.isParked && lane.parked > 0 ? 0 : max(lane.attempts, 1)
            post.send(
                token, about: decided.place, stream: lane.stream, type: pending.envelope.payload.name, message: pending.message,
                record: pending.record, kind: draft.verdicts[index].kind, reason: reason, attempts: attempts, firstFailedAt: lane.firstFailure?.time,
                by: reporter, into: &outcome)
        }
        guard letters > 0 else { return append(slot, into: &outcome) }
        lanes[slot].phase = .lettering(open: letters)
    }

    private mutating func append(_ slot: Int, into outcome: inout Outcome) {
        guard let commit = lanes[slot].commit else { return }
        lanes[slot].phase = .appending
        let token = expect(.append(lane: slot), in: lanes[slot].partition)
        outcome.appends.append(.init(token: token, partition: lanes[slot].partition, commit: commit, previous: lanes[slot].position))
    }

    mutating func take(_ answer: SettleAnswer, into outcome: inout Outcome, now: Instant) throws {
        guard let (what, partition) = expected.removeValue(forKey: answer.token) else { return }
        table.answered(partition)
        switch what {
        case .forward(let pending):
            guard case .refused(let reason) = answer.result else { return table.settle(pending.ordinal, of: partition) }
            stray(pending, in: partition, stream: pending.envelope.stream, .refused, reason: reason, into: &outcome)
        case .stray(let ordinal):
            if case .refused(let reason) = answer.result { reporter.report(.brokerRefused(group: reporter.group, reason: reason)) }
            table.settle(ordinal, of: partition)
        case .letter(let slot, let index):
            guard case .lettering(let open) = lanes[slot].phase else { return }
            switch answer.result {
            case .stored(let position), .duplicate(let position): lanes[slot].commit?.name(letter: position, ofDecided: index)
            case .refused(let reason): reporter.report(.brokerRefused(group: reporter.group, reason: reason))
            case .conflict: break
            }
            lanes[slot].phase = .lettering(open: open - 1)
            if open == 1 { append(slot, into: &outcome) }
        case .append(let slot):
            switch answer.result {
            case .stored(let position), .duplicate(let position): stored(slot, at: position, into: &outcome)
            case .conflict: try conflict(slot, now: now)
            case .refused(let reason): try refused(slot, reason, now: now)
            }
        case .effect(let slot, let effect, let index):
            guard case .sending(let open) = lanes[slot].phase else { return }
            if case .refused(let reason) = answer.result { return giveUp(effect, index, slot, reason, into: &outcome) }
            lanes[slot].phase = .sending(open: open - 1)
            if open == 1 { finish(slot) }
        case .effectLetter(let slot):
            guard case .sending(let open) = lanes[slot].phase else { return }
            lanes[slot].phase = .sending(open: open - 1)
            if open == 1 { finish(slot) }
        case .beginning(let position): if table.accepts(partition) { outcome.starts.append((partition, position)) }
        case .attempt: handleAlone(in: partition, into: &outcome)
        case .load, .lookUp, .parked, .message: break
        }
    }

    private mutating func stored(_ slot: Int, at position: Position, into outcome: inout Outcome) {
        guard let commit = lanes[slot].commit else { return }
        if commit.parked != lanes[slot].parked { tellParked(slot, commit) }
        lanes[slot].take(StoredCommit(commit: commit, position: position), window: settings.recentCommands)
        lanes[slot].forgetFailures()
        reporter.counts.commits += 1
        reporter.counts.events += commit.events.count
        for (pending, decided) in zip(lanes[slot].current, commit.decided) {
            if case .rejected = decided.outcome { reporter.counts.rejections += 1 }
            reply(to: pending.envelope, decided.outcome, slot, into: &outcome)
        }
        let effects = lanes[slot].unsentEffects
        if effects.isEmpty { finish(slot) } else { send(effects, slot, into: &outcome) }
    }

    mutating func send(_ effects: [Envelope], _ slot: Int, into outcome: inout Outcome) {
        lanes[slot].phase = .sending(open: effects.count)
        reporter.counts.effects += effects.count
        for (index, effect) in effects.enumerated() {
            let token = expect(.effect(lane: slot, effect, index: index), in: lanes[slot].partition)
            outcome.messages.append(.init(token: token, partition: lanes[slot].partition, envelope: effect))
        }
    }

    /// An effect that the broker never will store becomes a letter beside its step's input.
    private mutating func giveUp(_ effect: Envelope, _ index: Int, _ slot: Int, _ reason: String, into outcome: inout Outcome) {
        let lane = lanes[slot]
        var input = lane.current.last.map { place(of: $0, in: lane.partition) } ?? post.place(of: .start, in: lane.partition)
        input.index = index + 1
        let token = expect(.effectLetter(lane: slot), in: lane.partition)
        post.send(
            token, about: input, stream: lane.stream, type: effect.payload.name,
            message: effect, kind: .refused, reason: reason, by: reporter, into: &outcome)
    }

    /// All that the commands in hand came to is durable.
    private mutating func finish(_ slot: Int) {
        for pending in lanes[slot].current { settle(pending, slot) }
        lanes[slot].current.removeAll(keepingCapacity: true)
        lanes[slot].commit = nil
        lanes[slot].unsentEffects = []
        if lanes[slot].share < settings.sharedCommands { lanes[slot].share *= 2 }
        lanes[slot].phase = lanes[slot].isTainted ? .cold : .idle
        lanes[slot].isTainted = false
        if !lanes[slot].waiting.isEmpty { ready.append(slot) }
    }

    private mutating func settle(_ pending: PendingCommand, _ slot: Int) {
        guard !pending.isLetter else { return }
        reporter.counts.deliveries += 1
        table.settle(pending.ordinal, of: lanes[slot].partition)
    }

    private func reply(to command: Envelope, _ outcomeOfCommand: CommandOutcome, _ slot: Int, into outcome: inout Outcome) {
        guard !command.replyTo.isEmpty else { return }
        let lane = lanes[slot]
        let place = Place(log: .events, incarnation: member.eventsIncarnation, partition: lane.partition, position: lane.position)
        outcome.replies.append((command.replyTo, Answer(command: command.id, stream: lane.stream, outcome: outcomeOfCommand, place: place)))
    }
}

extension CommandOutcome {
    /// Whether a saga that sent the command is to be told, now or when it is known for good.
    fileprivate var isRefusal: Bool {
        switch self {
        case .accepted, .released: false
        case .rejected, .deadLettered, .parked: true
        }
    }
}

extension Commit {
    fileprivate mutating func name(letter: Position, ofDecided index: Int) {
        if case .parked(_, let reason) = decided[index].outcome { decided[index].outcome = .parked(letter: letter, reason: reason) }
    }
}

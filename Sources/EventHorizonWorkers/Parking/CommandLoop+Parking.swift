internal import EventHorizon

/// A parked stream: every later command becomes a letter behind the first, until a command to release it has its letters handled in their order. That
/// command stays at the head of the lane meanwhile, so that what came behind it waits, and whoever takes the partition over reads it again.
extension CommandLoop {
    /// Goes on with a command to a parked stream that is at the head of its lane.
    /// - Returns: Whether it is to be decided now: all that it asks for is stored.
    mutating func take(_ command: ParkingCommand, _ pending: PendingCommand, _ slot: Int, into outcome: inout Outcome) -> Bool {
        let effects = lanes[slot].unsentEffects
        guard effects.isEmpty else {
            // The last step's may not have left: a letter's, whose worker died. No command is read again for them.
            send(effects, slot, into: &outcome)
            return false
        }
        if pending.verdict != nil { return true }
        guard let draining = lanes[slot].draining else {
            lanes[slot].phase = .loading
            let token = expect(.parked(lane: slot), in: lanes[slot].partition)
            outcome.loads.append(.init(token: token, partition: lanes[slot].partition, stream: lanes[slot].stream, extent: .whole))
            return false
        }
        guard draining.letters.isEmpty else {
            switch command {
            case .release: read(slot, into: &outcome)
            case .drop(let ids): drop(Set(ids), slot)
            }
            return false
        }
        lanes[slot].draining = nil
        pending.verdict = command == .release ? .released : .accepted(events: [])
        return true
    }

    /// Takes in what of the stream is parked.
    mutating func take(parkedIn commits: [StoredCommit], _ slot: Int) {
        // A read without the lane's last commit is stale: it is read once more.
        if commits.last.map({ $0.commit.number >= lanes[slot].number }) ?? false { lanes[slot].draining = Draining(of: commits) }
        goOn(slot)
    }

    /// Reads as many letters as one commit may decide.
    private mutating func read(_ slot: Int, into outcome: inout Outcome) {
        let (partition, stream) = (lanes[slot].partition, lanes[slot].stream)
        let limit = min(lanes[slot].share, settings.sharedCommands)
        var read: [PendingCommand] = []
        var open = 0
        while read.count < limit, let letter = lanes[slot].draining?.letters.popFirst() {
            if letter.position > .start {
                let token = expect(.message(lane: slot, index: read.count), in: partition)
                outcome.loads.append(.init(token: token, partition: partition, stream: stream, extent: .letter(at: letter.position)))
                open += 1
            }
            read.append(stub(letter, stream, unreadable: "its letter could not be stored"))
        }
        lanes[slot].draining?.read = read
        lanes[slot].phase = .reading(open: open)
        if open == 0 { putBack(slot) }
    }

    /// Takes the message of a letter in.
    mutating func take(_ result: LoadedStream.Result, _ index: Int, _ slot: Int) {
        guard case .reading(let open) = lanes[slot].phase, let stub = lanes[slot].draining?.read[index], let place = stub.parkedAt else { return }
        switch result {
        case .message(let envelope): lanes[slot].draining?.read[index] = PendingCommand(parked: envelope, at: place)
        case .unreadable(let reason): lanes[slot].draining?.read[index] = PendingCommand(parked: stub.envelope, at: place, unreadable: reason)
        case .commits: break
        }
        lanes[slot].phase = .reading(open: open - 1)
        if open == 1 { putBack(slot) }
    }

    private mutating func drop(_ ids: Set<MessageID>, _ slot: Int) {
        var dropped: [PendingCommand] = []
        while let letter = lanes[slot].draining?.letters.popFirst() {
            guard ids.isEmpty || ids.contains(letter.command.id) else { continue }
            dropped.append(stub(letter, lanes[slot].stream, verdict: .deadLettered(nil, reason: Draining.dropReason)))
        }
        lanes[slot].draining?.read = dropped
        putBack(slot)
    }

    /// What stands for a letter that is not read.
    private func stub(_ letter: Draining.Letter, _ stream: StreamID, unreadable: String? = nil, verdict: Verdict? = nil) -> PendingCommand {
        var envelope = Envelope(
            id: letter.command.id, kind: .command, stream: stream,
            payload: letter.command.command ?? Payload(name: "", contentType: "", bytes: []), correlation: letter.command.correlation,
            occurredAt: surroundings.clock.time)
        envelope.sender = letter.command.sender
        return PendingCommand(parked: envelope, at: letter.command.place, unreadable: unreadable, verdict: verdict)
    }

    /// Back into the lane, before the command that asked for it.
    private mutating func putBack(_ slot: Int) {
        guard let read = lanes[slot].draining?.read else { return }
        lanes[slot].draining?.read = []
        lanes[slot].waiting.prepend(read)
        goOn(slot)
    }

    /// A letter failed again: it and those behind it stay parked, and the release is answered with that.
    mutating func stopDraining(_ slot: Int, _ reason: String) {
        forgetLetters(slot)
        lanes[slot].forgetFailures()
        lanes[slot].waiting.first?.verdict = .rejected(StillParked(reason: reason).payload)
    }

    /// Draining begins anew, from what the stream then says.
    mutating func forgetLetters(_ slot: Int) {
        guard lanes[slot].draining != nil else { return }
        lanes[slot].draining = nil
        lanes[slot].current.removeAll(where: \.isLetter)
        lanes[slot].waiting.removeFirst(while: \.isLetter) { _ in }
    }

    /// A commit is stored after which another number of the stream's commands is parked.
    func tellParked(_ slot: Int, _ commit: Commit) {
        let lane = lanes[slot]
        if lane.parked == 0, case .parked(_, let reason)? = commit.decided.last?.outcome {
            let kind = lane.current.last?.verdict?.kind
            reporter.report(.parked(group: reporter.group, stream: lane.stream, kind: kind ?? .failed, reason: reason))
        } else if commit.parked == 0 {
            reporter.report(.released(group: reporter.group, stream: lane.stream))
        }
    }
}

#if NATS
import EventHorizon
import EventHorizonWire

extension MemberCore {
    mutating func takeAnswer(_ arrival: Arrival, _ now: UInt64, into turn: inout Turn) {
        guard let number = arrival.number(after: inbox.utf8.count + 1), let answered = pending.remove(number) else { return }
        guard isHeld(answered.partition, answered.epoch) else {
            giveUp(answered.request)
            return
        }
        let body = arrival.body
        switch answered.request {
        case .append(let append): take(append, PublishAnswer(body), answered, now, into: &turn)
        case .occupant(let append, let isLast): takeOccupant(append, isLast: isLast, body, answered, now, into: &turn)
        case .message(let message): take(message, PublishAnswer(body), answered, now, into: &turn)
        case .letter(let letter): take(letter, PublishAnswer(body), answered, now, into: &turn)
        case .keep(let letter):
            switch PublishAnswer(body) {
            case .stored: send(.letter(letter), answered.partition, answered.epoch, now)
            case .failed(let error) where error.isWrongSequence: send(.letter(letter), answered.partition, answered.epoch, now)
            case .failed, .noResponders, .unreadable: later(answered, "the mark of a dead letter is refused for now", now, into: &turn)
            }
        case .load(let load, let loaded): take(load, loaded, body, answered, now, into: &turn)
        case .consumer(let reader, let source): takeConsumer(reader, source, body, now, into: &turn)
        }
    }

    private mutating func take(_ append: Outcome.Append, _ answer: PublishAnswer, _ answered: Pending, _ now: UInt64, into turn: inout Turn) {
        switch answer {
        case .stored(let sequence, isDuplicate: false):
            turn.answers.append(SettleAnswer(token: append.token, result: .stored(Position(sequence))))
        case .stored(_, isDuplicate: true):
            // Something with this condition was stored before: ours, or another's.
            send(.occupant(append, isLast: false), answered.partition, answered.epoch, now)
        case .failed(let error) where error.isWrongSequence:
            send(.occupant(append, isLast: false), answered.partition, answered.epoch, now, attempts: answered.attempts - 1)
        case .failed(let error) where error.errorCode == APIError.messageExceedsMaximum:
            turn.answers.append(
                SettleAnswer(
                    token: append.token,
                    result: .refused(
                        reason:
                            "commit \(append.commit.number) of '\(append.commit.stream)' is larger than the stream allows (\(error)): decide fewer events at once, or "
                            + "raise its max_msg_size")))
        case .failed(let error): later(answered, "the append is refused for now: \(error)", now, into: &turn)
        case .noResponders: later(answered, "JetStream does not answer", now, into: &turn)
        case .unreadable: later(answered, "JetStream's answer cannot be read", now, into: &turn)
        }
    }

    private mutating func takeOccupant(
        _ append: Outcome.Append, isLast: Bool, _ body: UnsafeRawBufferPointer, _ answered: Pending, _ now: UInt64, into turn: inout Turn
    ) {
        func again(_ reason: String, after core: inout Self) {
            var unanswered = answered
            unanswered.request = .append(append)
            core.later(unanswered, reason, now, into: &turn)
        }
        switch StoredMessage.read(body) {
        case .message(let message):
            let place = Position(message.sequence)
            if isLast {
                // Nothing lies beyond the place that the append names. If it is not the stream's end either, the stream is not what it was.
                if place < append.previous {
                    turn.answers.append(SettleAnswer(token: append.token, result: .conflict(place)))
                } else {
                    again("the stream's end moves while it is appended to", after: &self)
                }
                return
            }
            let isOurs = message.data.withUnsafeBytes { bytes in (try? codec.decodeCommit(bytes))?.isSameDecision(as: append.commit) ?? false }
            turn.answers.append(SettleAnswer(token: append.token, result: isOurs ? .duplicate(place) : .conflict(place)))
        case .nothing where isLast && append.previous > .start:
            turn.answers.append(SettleAnswer(token: append.token, result: .conflict(.start)))
        case .nothing where isLast:
            again("an append to an empty stream is refused", after: &self)
        case .nothing:
            // An empty read proves nothing about the append, so it is sent again, but not if its own condition can never be met.
            send(.occupant(append, isLast: true), answered.partition, answered.epoch, now, attempts: answered.attempts - 1)
        case .failed(let error): later(answered, "the stream cannot be read: \(error)", now, into: &turn)
        case .unreadable: later(answered, "JetStream does not answer", now, into: &turn)
        }
    }

    private mutating func take(_ message: Outcome.Message, _ answer: PublishAnswer, _ answered: Pending, _ now: UInt64, into turn: inout Turn) {
        switch answer {
        case .stored(let sequence, _):
            lanes.finished(message.envelope.stream)
            turn.answers.append(SettleAnswer(token: message.token, result: .stored(Position(sequence))))
        case .failed(let error) where error.errorCode == APIError.messageExceedsMaximum:
            lanes.finished(message.envelope.stream)
            turn.answers.append(
                SettleAnswer(
                    token: message.token,
                    result: .refused(
                        reason:
                            "the command '\(message.envelope.payload.name)' is larger than the stream allows (\(error)): send less, or raise its max_msg_size"
                    )))
        case .failed(let error): later(answered, "the command is refused for now: \(error)", now, into: &turn)
        case .noResponders: later(answered, "JetStream does not answer", now, into: &turn)
        case .unreadable: later(answered, "JetStream's answer cannot be read", now, into: &turn)
        }
    }

    private mutating func take(_ letter: Outcome.Letter, _ answer: PublishAnswer, _ answered: Pending, _ now: UInt64, into turn: inout Turn) {
        switch answer {
        case .stored(let sequence, let isDuplicate):
            // The message id is the letter's place and group: what was stored before is the same letter.
            let position = Position(sequence)
            turn.answers.append(SettleAnswer(token: letter.token, result: isDuplicate ? .duplicate(position) : .stored(position)))
        case .failed(let error) where error.errorCode == APIError.messageExceedsMaximum:
            guard !letter.letter.record.isEmpty || letter.message != nil else {
                turn.answers.append(
                    SettleAnswer(
                        token: letter.token,
                        result: .refused(reason: "the dead letter is larger than the stream allows (\(error)): raise its max_msg_size")))
                return
            }
            send(reference(letter), answered.partition, answered.epoch, now)
        case .failed(let error): later(answered, "the dead letter is refused for now: \(error)", now, into: &turn)
        case .noResponders: later(answered, "JetStream does not answer", now, into: &turn)
        case .unreadable: later(answered, "JetStream's answer cannot be read", now, into: &turn)
        }
    }

    private mutating func take(
        _ load: Outcome.Load, _ loaded: LoadedCommits, _ body: UnsafeRawBufferPointer, _ answered: Pending, _ now: UInt64, into turn: inout Turn
    ) {
        switch StoredMessage.read(body) {
        case .message(let message):
            if case .letter = load.extent { return take(message, of: load, loaded, answered, now, into: &turn) }
            let commit: Commit
            do {
                commit = try message.data.withUnsafeBytes { bytes in try codec.decodeCommit(bytes) }
            } catch {
                loads.finished(bytes: loaded.bytes)
                turn.loaded.append(
                    LoadedStream(
                        token: load.token,
                        result: .unreadable(reason: "the record at \(message.sequence) of '\(load.stream)' cannot be read by this build: \(error)")))
                return
            }
            loaded.commits.append(StoredCommit(commit: commit, position: Position(message.sequence)))
            loaded.bytes += message.data.count
            loads.took(bytes: message.data.count)
            if load.extent == .last {
                loads.finished(bytes: loaded.bytes)
                turn.loaded.append(LoadedStream(token: load.token, result: .commits(loaded.commits)))
            } else if loads.mustPause {
                loads.pause((load, loaded, answered.epoch))
            } else {
                send(.load(load, loaded), answered.partition, answered.epoch, now)
            }
        case .nothing:
            loads.finished(bytes: loaded.bytes)
            guard case .letter(let position) = load.extent else {
                turn.loaded.append(LoadedStream(token: load.token, result: .commits(loaded.commits)))
                return
            }
            let reason = "the dead letter at \(position) of '\(load.stream)', or the command that it refers to, is not there any more"
            turn.loaded.append(LoadedStream(token: load.token, result: .unreadable(reason: reason)))
        case .failed(let error): later(answered, "'\(load.stream)' cannot be read: \(error)", now, into: &turn)
        case .unreadable: later(answered, "JetStream does not answer", now, into: &turn)
        }
    }

    /// A letter, or the command that one refers to.
    private mutating func take(
        _ message: StoredMessage, of load: Outcome.Load, _ loaded: LoadedCommits, _ answered: Pending, _ now: UInt64, into turn: inout Turn
    ) {
        var result: LoadedStream.Result
        do {
            var record = message.data
            if loaded.command == nil {
                let letter = try message.data.withUnsafeBytes { bytes in try codec.decodeDeadLetter(bytes) }
                if letter.record.isEmpty, letter.place.log == .commands {
                    loaded.command = letter.place.position
                    return send(.load(load, loaded), answered.partition, answered.epoch, now)
                }
                record = letter.record
            }
            result = .message(try record.withUnsafeBytes { bytes in try codec.decodeEnvelope(bytes) })
        } catch {
            result = .unreadable(reason: "the dead letter of '\(load.stream)' cannot be read by this build: \(error)")
        }
        loads.finished(bytes: loaded.bytes)
        turn.loaded.append(LoadedStream(token: load.token, result: result))
    }
}
#endif

internal import EventHorizon

/// What was sent and has not reached its log: it arrives whatever becomes of its sender.
struct UnderWay {
    enum Content {
        case append(Outcome.Append)
        case message(Envelope)
    }
    var due: Instant
    var content: Content
}

extension MemoryState {
    mutating func send(_ content: UnderWay.Content, due: Instant) {
        let index = underWay.firstIndex { $0.due > due } ?? underWay.count
        underWay.insert(UnderWay(due: due, content: content), at: index)
        // Somebody has to be awake when it arrives.
        for member in members.indices { wake(member) }
    }

    /// Stores what has arrived by now.
    mutating func land() {
        let now = clock.now
        while let first = underWay.first, first.due <= now {
            underWay.removeFirst()
            switch first.content {
            case .message(let command): _ = store(command)
            case .append(let append): if case .stored(let bytes) = judge(append) { _ = store(append.commit, bytes) }
            }
        }
    }

    // MARK: Messages

    /// Hands a message over; nil where it stays unanswered.
    mutating func attempt(_ command: Envelope, isRepeat: Bool) -> PublishResult? {
        guard !isRepeat, draw(\.unansweredMessage) else { return publish(command) }
        switch random.below(3) {
        case 0: if case .refused(let reason) = publish(command) { return .refused(reason: reason) }
        case 1: send(.message(command), due: delayed())
        default: break
        }
        return nil
    }

    /// One round of a call of `publish`: every command that may be sent is. Nil for those that are to be sent again at the moment given.
    ///
    /// A stream has at most one message unanswered, or those behind it would overtake it.
    mutating func round(of commands: [Envelope], isRepeat: Bool) -> (results: [PublishResult?], due: Instant?) {
        land()
        var unanswered: Set<StreamID> = []
        var isWaiting = false
        let results = commands.map { command -> PublishResult? in
            if unanswered.contains(command.stream) { return nil }
            let result = attempt(command, isRepeat: isRepeat)
            if result == nil {
                unanswered.insert(command.stream)
                isWaiting = true
            }
            return result
        }
        return (results, isWaiting || draw(\.lateAnswer) ? delayed() : nil)
    }

    /// Sends what a member's outcomes hold, in order; a stream has at most one message unanswered.
    mutating func sendMessages(of member: Int) {
        guard !members[member].messages.isEmpty else { return }
        let now = clock.now
        var unanswered: Set<StreamID> = []
        var left: [MemberState.PendingMessage] = []
        var pending: [MemberState.PendingMessage] = []
        swap(&pending, &members[member].messages)
        for var entry in pending {
            let stream = entry.message.envelope.stream
            if unanswered.contains(stream) || entry.due.map({ $0 > now }) ?? false {
                unanswered.insert(stream)
                left.append(entry)
                continue
            }
            switch attempt(entry.message.envelope, isRepeat: entry.due != nil || features.atomicSettle) {
            case .stored(let position): answer(entry.message.token, entry.message.partition, .stored(position), member)
            case .refused(let reason): answer(entry.message.token, entry.message.partition, .refused(reason: reason), member)
            case nil:
                unanswered.insert(stream)
                entry.due = delayed()
                left.append(entry)
            }
        }
        members[member].messages = left
    }

    // MARK: Appends

    /// An append of which nobody hears at first.
    mutating func leaveUnanswered(_ append: Outcome.Append, _ bytes: [UInt8], _ member: Int) {
        switch random.below(3) {
        case 0: _ = store(append.commit, bytes)
        case 1: send(.append(append), due: delayed())
        default: break
        }
        members[member].appends.append(MemberState.PendingAppend(append: append, due: delayed()))
    }

    /// Appends again what was not answered: something occupies the place then, and says what became of it.
    mutating func appendAgain(_ member: Int) {
        let now = clock.now
        let due = members[member].appends.filter { $0.due <= now }
        guard !due.isEmpty else { return }
        members[member].appends.removeAll { $0.due <= now }
        for entry in due { finish(entry.append, judge(entry.append), member) }
    }
}

internal import EventHorizon

/// What is known of the commands that a stream has decided, so that a repeat gets the first answer: the last ones with their answers, at least
/// `window` of them and the whole of the last commit, those before them by a fingerprint of their ids. Whose fingerprint is known is looked up in
/// the stream.
struct CommandMemory {
    /// How many a commit carries on.
    private static let carried = 8

    // In order of decision. The ids lie by themselves: each new command is looked for among them.
    private var ids: [MessageID] = []
    private var answers: [(outcome: CommandOutcome, commit: Int)] = []
    /// 4 bytes an id, twice that with the room that a set needs. A stream of a million commands takes another's command for its own once in 4,000.
    private var older: Set<UInt32> = []
    /// The last that was looked up; its outcome is nil where the stream did not decide it.
    private var found: (id: MessageID, outcome: CommandOutcome?)?

    mutating func forget() {
        ids.removeAll()
        answers.removeAll()
        older.removeAll()
        found = nil
    }

    func answer(to id: MessageID) -> CommandOutcome? {
        if let index = ids.lastIndex(of: id) { return answers[index].outcome }
        return found?.id == id ? found?.outcome : nil
    }

    /// Whether the stream has to be read for how this command was decided, or whether it was.
    func mustLookUp(_ id: MessageID) -> Bool { !older.isEmpty && older.contains(id.fingerprint) && found?.id != id && !ids.contains(id) }

    /// Takes note of what the stream, read whole, says of a command.
    mutating func found(_ outcome: CommandOutcome?, of id: MessageID) { found = (id, outcome) }

    /// Takes commits in their order. The first may be one of many: then what it carries on is known, and nothing older.
    mutating func take(_ commit: Commit, window: Int) {
        if ids.isEmpty { for command in commit.recent { append(command.id, command.outcome, command.commit) } }
        for command in commit.decided { append(command.id, command.outcome, commit.number) }
        let kept = max(window, commit.decided.count)
        guard ids.count > kept * 2 else { return }
        for id in ids[..<(ids.count - kept)] { older.insert(id.fingerprint) }
        ids.removeFirst(ids.count - kept)
        answers.removeFirst(answers.count - kept)
    }

    private mutating func append(_ id: MessageID, _ outcome: CommandOutcome, _ commit: Int) {
        ids.append(id)
        answers.append((outcome, commit))
    }

    /// What the next commit of a stream that is never read whole carries on. An answer that is large is not among them: it would grow every commit
    /// that follows.
    func carriedOn(window: Int) -> [RecentCommand] {
        zip(ids, answers).suffix(min(window, Self.carried)).compactMap { id, answer in
            if case .rejected(let reason) = answer.outcome, reason.bytes.count > 1024 { return nil }
            return RecentCommand(id: id, outcome: answer.outcome, commit: answer.commit)
        }
    }
}

extension MessageID {
    /// Of the bits that are random in every version in use.
    fileprivate var fingerprint: UInt32 {
        let mixed = (low ^ high &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }
}

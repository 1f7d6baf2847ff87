internal import EventHorizon
internal import EventHorizonWire

extension MemoryState {
    enum Verdict {
        case stored(bytes: [UInt8])
        case duplicate(Position)
        case conflict(Position)
        case refused(reason: String)
    }

    /// Stores a command unless it is too large or could not be read again.
    mutating func publish(_ command: Envelope) -> PublishResult {
        let result = store(command)
        guard case .stored = result else { return result }
        if draw(\.doubledMessage) { _ = store(command) }
        if draw(\.repeatedMessage) { send(.message(command), due: delayed(\.repeatDelay)) }
        return result
    }

    mutating func store(_ command: Envelope) -> PublishResult {
        let bytes = codec.encode(command)
        let limit = features.maximumPublishSize
        guard bytes.count <= limit else {
            return .refused(
                reason:
                    "the command \(command.id) for \(shown(command.stream)) takes \(bytes.count) bytes and this broker publishes at most \(limit): "
                    + "send less, or a reference to it")
        }
        do { _ = try bytes.withUnsafeBytes { try codec.decodeEnvelope($0) } } catch {
            return .refused(reason: "\(error)")
        }
        let partition = partition(of: command.stream.aggregate)
        let position = self[.commands].append(bytes, to: partition, stream: command.stream, type: command.payload.name)
        notify(.commands, partition)
        return .stored(position)
    }

    /// What is to become of an append: judged by what occupies its place.
    mutating func judge(_ append: Outcome.Append) -> Verdict {
        let bytes = codec.encode(append.commit)
        let stream = append.commit.stream
        guard bytes.count <= features.maximumRecordSize else {
            return .refused(
                reason: "commit \(append.commit.number) of \(shown(stream)) takes \(bytes.count) bytes and this broker stores at most "
                    + "\(features.maximumRecordSize): let a command have fewer or smaller events")
        }
        let partition = partition(of: stream.aggregate)
        let end = self[.events].end(of: stream, in: partition)
        guard end != append.previous else {
            do { _ = try bytes.withUnsafeBytes { try codec.decodeCommit($0) } } catch {
                return .refused(reason: "\(error)")
            }
            return .stored(bytes: bytes)
        }
        guard let occupant = self[.events].first(of: stream, in: partition, after: append.previous) else { return .conflict(end) }
        let isSame = (try? occupant.bytes.withUnsafeBytes { try codec.decodeCommit($0) })?.isSameDecision(as: append.commit) ?? false
        return isSame ? .duplicate(occupant.position) : .conflict(occupant.position)
    }

    mutating func store(_ commit: Commit, _ bytes: [UInt8]) -> Position {
        let partition = partition(of: commit.stream.aggregate)
        let position = self[.events].append(
            bytes, to: partition, stream: commit.stream, type: "", senders: commit.decided.compactMap { $0.sender?.category }, isCommit: true)
        notify(.events, partition)
        return position
    }

    /// Stores a letter, in the partition of the message that it is about; one that does not fit holds only the reference.
    mutating func store(_ entry: Outcome.Letter) -> SettleAnswer.Result {
        var letter = entry.letter
        if let message = entry.message { letter.record = codec.encode(message) }
        var bytes = codec.encode(letter)
        if bytes.count > features.maximumRecordSize {
            letter.record = []
            bytes = codec.encode(letter)
        }
        let partition = letter.place.partition
        guard self[.deadLetters].partitions.indices.contains(partition) else {
            return .refused(reason: "the letter is about partition \(partition), there are \(partitionCount): a place names one of them")
        }
        let stream = letter.stream ?? StreamID("", "")
        let position = self[.deadLetters].append(bytes, to: partition, stream: stream, type: letter.type)
        notify(.deadLetters, partition)
        return .stored(position)
    }

    mutating func load(_ stream: StreamID, _ extent: Outcome.Load.Extent) -> LoadedStream.Result {
        let partition = partition(of: stream.aggregate)
        if case .letter(let position) = extent { return letter(of: stream, in: partition, at: position) }
        let stale = staleCommits(of: stream, in: partition)
        func records(after position: Position) -> ArraySlice<Int> {
            let all = self[.events].records(of: stream, in: partition, after: position)
            return all.dropLast(stale)
        }
        let indices =
            switch extent {
            case .whole: records(after: .start)
            case .last: records(after: .start).suffix(1)
            case .after(let position): records(after: position)
            case .letter: ArraySlice<Int>()
            }
        do {
            return .commits(
                try indices.map { index in
                    let record = self[.events].partitions[partition][index]
                    return StoredCommit(commit: try record.bytes.withUnsafeBytes { try codec.decodeCommit($0) }, position: record.position)
                })
        } catch { return .unreadable(reason: "\(shown(stream)): \(error)") }
    }

    /// The message of a letter; where the letter holds only its place, the command that lies there.
    private func letter(of stream: StreamID, in partition: Int, at position: Position) -> LoadedStream.Result {
        func record(_ log: Log, _ position: Position) -> MemoryLog.Record? {
            let records = self[log].partitions[partition]
            let index = self[log].index(after: position, in: partition) - 1
            return records.indices.contains(index) && records[index].position == position ? records[index] : nil
        }
        do {
            guard let found = record(.deadLetters, position) else {
                return .unreadable(reason: "there is no dead letter of \(shown(stream)) at position \(position)")
            }
            let letter = try found.bytes.withUnsafeBytes { try codec.decodeDeadLetter($0) }
            let bytes = letter.record.isEmpty ? record(letter.place.log, letter.place.position)?.bytes ?? [] : letter.record
            return .message(try bytes.withUnsafeBytes { try codec.decodeEnvelope($0) })
        } catch { return .unreadable(reason: "the dead letter of \(shown(stream)) at position \(position) cannot be read: \(error)") }
    }

    /// How many of a stream's last commits a read does not see.
    private mutating func staleCommits(of stream: StreamID, in partition: Int) -> Int {
        let count = self[.events].records(of: stream, in: partition, after: .start).count
        guard count > 0, staleReads[stream, default: 0] < 2, draw(\.staleRead) else {
            staleReads[stream] = nil
            return 0
        }
        staleReads[stream, default: 0] += 1
        return 1 + random.below(min(count, 3))
    }

    /// A record as a member reads it.
    func content(of record: MemoryLog.Record, in log: Log) -> Delivery.Content {
        func undecodable(_ reason: String) -> Delivery.Content { .undecodable(record: record.bytes, stream: nil, type: record.type, reason: reason) }
        do {
            switch log {
            case .commands:
                let envelope = try record.bytes.withUnsafeBytes { try codec.decodeEnvelope($0) }
                guard envelope.kind == .command else { return undecodable("the commands log holds an event") }
                guard envelope.stream == record.stream, envelope.payload.name == record.type else {
                    return undecodable(
                        "the headers say '\(record.type)' for \(shown(record.stream)), "
                            + "the body says '\(envelope.payload.name)' for \(shown(envelope.stream))"
                    )
                }
                return .command(envelope)
            case .events:
                let commit = try record.bytes.withUnsafeBytes { try codec.decodeCommit($0) }
                guard commit.stream == record.stream else {
                    return undecodable("the headers say \(shown(record.stream)), the body says \(shown(commit.stream))")
                }
                return .commit(commit)
            case .deadLetters:
                return undecodable("a letter is neither a command nor a commit")
            }
        } catch { return undecodable("\(error)") }
    }

    /// For a sentence: quoted, and cut where it is long.
    private func shown(_ stream: StreamID) -> String {
        let name = stream.description
        return name.count <= 80 ? "'\(name)'" : "'\(name.prefix(80))...'"
    }
}

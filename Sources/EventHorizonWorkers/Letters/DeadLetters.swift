public import EventHorizon

/// An application's dead letters, read without taking part in it. To release or drop what is parked: `CommandPublisher`.
public struct DeadLetters: Sendable {
    private let broker: any Broker

    public init(broker: any Broker) { self.broker = broker }

    /// Reads the letters that lie there now, in order of position within a partition.
    ///
    /// What became of each is read from its stream's commits, a batch of letters at a time: on Kafka that reads the streams' partitions of the events log
    /// once a batch.
    ///
    /// - Parameter body: Given batches, none of them empty, of at most 1,024 letters. Whether to read on.
    /// - Throws: What `body` throws; `BrokerError` where the broker cannot be used.
    public func read(_ filter: LetterFilter = LetterFilter(), _ body: ([FiledLetter]) async throws -> Bool) async throws {
        try await broker.read(filter.range) { records in
            var letters = records.map { FiledLetter($0) }.filter(filter.admits)
            try await judge(&letters)
            if let state = filter.state { letters.removeAll { $0.state != state } }
            if !letters.isEmpty, try await !body(letters) { return false }
            // Of a letter that was named there is one.
            return filter.id == nil
        }
    }

    /// One letter, with its message also where that lies elsewhere; nil where there is none.
    /// - Throws: `BrokerError` where the broker cannot be used.
    public func letter(_ id: LetterID) async throws -> FiledLetter? {
        var found: FiledLetter?
        try await read(LetterFilter(id: id)) { letters in
            found = letters.first
            return false
        }
        if let letter = found?.letter, letter.record.isEmpty { found?.message = try await message(of: letter) }
        return found
    }

    /// The command that lies at the letter's place; nil where it is not there any more.
    private func message(of letter: DeadLetter) async throws -> Envelope? {
        guard letter.place.log == .commands, letter.place.index == 0 else { return nil }
        var found: Envelope?
        try await broker.read(LogRange(.commands, from: letter.place.position, in: letter.place.partition)) { records in
            guard let first = records.first, first.position == letter.place.position, let command = first.command else { return false }
            // A log that was made anew has another command there.
            if command.stream == letter.stream, command.payload.name == letter.type { found = command }
            return false
        }
        return found
    }

    private func judge(_ letters: inout [FiledLetter]) async throws {
        var fates: [StreamID: LetterFates] = [:]
        for letter in letters {
            if let letter = letter.letter, letter.isOfCommand, let stream = letter.stream {
                fates[stream, default: LetterFates()].places.insert(letter.place)
            }
        }
        if !fates.isEmpty {
            try await broker.read(LogRange(.events, streams: Set(fates.keys))) { records in
                for record in records { if let commit = record.commit { fates[commit.stream]?.take(commit) } }
                return true
            }
        }
        for index in letters.indices {
            guard let letter = letters[index].letter, letter.place.log == .commands else { continue }
            // Without a stream to trust, and of a saga's effect, a letter is all that there ever is.
            guard letter.isOfCommand, let stream = letter.stream, let fate = fates[stream] else {
                letters[index].state = .givenUp
                continue
            }
            letters[index].command = fate.command(at: letter.place)
            letters[index].state = fate.state(of: letter.place, letter: letters[index].id.position)
        }
    }
}

extension DeadLetter {
    /// Whether it is about a command that a commit of its stream decides.
    fileprivate var isOfCommand: Bool { place.log == .commands && place.index == 0 }
}

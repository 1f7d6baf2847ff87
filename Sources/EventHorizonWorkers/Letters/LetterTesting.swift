internal import EventHorizon

/// A worker that prints a dead letter as a test of its domain: it alone knows the types.
public protocol LetterTesting: Worker {
    /// A Swift file with one test: what had happened to the aggregate as `given`, the letter's command as `when`. Reads the log, takes part in nothing.
    ///
    /// Values are written as `String(reflecting:)` writes them, which is Swift for enums and structs of plain values; what has a description of its own may
    /// need a hand.
    ///
    /// - Returns: Nil where the letter is none of this worker's.
    /// - Throws: `Misconfiguration` where there is no such letter, or none that can be told as a test; `BrokerError` where the broker cannot be used.
    func test(of id: LetterID) async throws -> String?
}

extension CommandHandlerWorker: LetterTesting {
    public func test(of id: LetterID) async throws -> String? {
        guard let filed = try await DeadLetters(broker: broker).letter(id) else {
            throw Misconfiguration("there is no dead letter \(id) in the application '\(broker.application)'")
        }
        guard let letter = filed.letter else { throw Misconfiguration("the dead letter \(id) cannot be read by this build: \(filed.reason)") }
        guard let stream = letter.stream, letter.place.log == .commands, let aggregate = aggregates.first(where: { $0.category == stream.category })
        else { return nil }
        guard let message = filed.message else {
            throw Misconfiguration(
                "the dead letter \(id) has no command that this build can read, so there is no test to make of it: \(filed.reason)")
        }
        var test = aggregate.makeTest(formats)
        do {
            try test.take(command: message.payload)
            try await broker.read(LogRange(.events, streams: [stream])) { records in
                for record in records {
                    switch record.content {
                    case .commit(let commit): guard try test.take(commit, before: letter.place) else { return false }
                    case .undecodable(_, let reason): throw Misconfiguration("a commit of '\(stream)' cannot be read by this build: \(reason)")
                    case .command, .letter: continue
                    }
                }
                return true
            }
        } catch let error as UnreadableMessage {
            throw Misconfiguration("the dead letter \(id) cannot be told as a test, since this build does not read all of '\(stream)': \(error)")
        }
        return test.text(of: filed, stream: stream)
    }
}

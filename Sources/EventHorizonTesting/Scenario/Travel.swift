internal import EventHorizon
internal import EventHorizonJSON
internal import Testing

/// The message as its reader will see it; an issue if it does not survive the way.
func travelled<M: Message>(_ message: M, _ sourceLocation: SourceLocation) -> M { arrived(message, sourceLocation) ?? message }

/// The message as its reader will see it; nil, and an issue, if it does not survive the way.
func arrived<M: Message>(_ message: M, _ sourceLocation: SourceLocation) -> M? {
    do {
        let problems = MessageCatalog<M>.problems
        for problem in problems { Issue.record("\(problem)", sourceLocation: sourceLocation) }
        let catalog = M.catalog
        var read: [M] = []
        let formats = catalog.formats.sorted { $0.key < $1.key }.map(\.value) + [JSONFormat() as any PayloadFormat]
        try catalog.decode(catalog.encode(message, format: .json), formats: formats, into: &read)
        #expect(read == [message], "\(message) does not survive the wire", sourceLocation: sourceLocation)
        return problems.isEmpty && read == [message] ? message : nil
    } catch {
        Issue.record("\(message) does not survive the wire: \(error)", sourceLocation: sourceLocation)
        return nil
    }
}

/// A rejection as its client will see it.
func travelled<R: Error & Codable & Equatable>(rejection: R, _ sourceLocation: SourceLocation) -> R {
    do {
        let read = try JSONFormat().decode(JSONFormat().encode { try rejection.encode(to: $0) }) { try R(from: $0) }
        #expect(read == rejection, "the rejection \(rejection) does not survive the wire", sourceLocation: sourceLocation)
        return read
    } catch {
        Issue.record("the rejection \(rejection) does not survive the wire: \(error)", sourceLocation: sourceLocation)
        return rejection
    }
}

/// A saga as the next step will load it.
func travelled<S: Saga>(saga: S, _ sourceLocation: SourceLocation) -> S {
    do {
        let written = try JSONFormat().encode { try saga.encode(to: $0) }
        let read = try JSONFormat().decodeState(S.self, initial: S(), from: written)
        let again = try JSONFormat().encode { try read.encode(to: $0) }
        #expect(
            String(decoding: again, as: UTF8.self) == String(decoding: written, as: UTF8.self), "the state of \(S.self) does not survive its commit",
            sourceLocation: sourceLocation)
        return read
    } catch {
        Issue.record("the state of \(S.self) does not survive its commit: \(error)", sourceLocation: sourceLocation)
        return saga
    }
}

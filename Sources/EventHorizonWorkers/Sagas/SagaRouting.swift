internal import EventHorizon

/// Which sagas of one type a commit concerns, as commands to their streams.
protocol SagaRouting {
    var categories: Set<Category> { get }
    /// The saga's own category: it is told of its commands that were rejected.
    var sagaCategory: Category { get }
    /// - Throws: What cannot be decoded.
    func route(_ commit: Commit, into commands: inout [Envelope]) throws
}

struct SagaRouter<S: Saga>: SagaRouting {
    let sagaCategory = Category(sagaNamed: S.name)
    private let reads = S.reads
    private let formats: [any PayloadFormat]
    private let surroundings: Surroundings

    init(formats: [any PayloadFormat], surroundings: Surroundings) {
        self.formats = formats
        self.surroundings = surroundings
    }

    var categories: Set<Category> { reads.categories }

    func route(_ commit: Commit, into commands: inout [Envelope]) throws {
        for (index, event) in commit.events.enumerated() {
            var inputs: [S.Input] = []
            let version = commit.firstVersion + index
            guard try reads.decode(event, version: version, formats: formats, into: &inputs) else { continue }
            var keys: Set<String> = []
            for input in inputs {
                let route = S.route(input)
                guard let kind = route.origin, keys.insert(route.key).inserted else { continue }
                let origin = Origin(kind: kind, stream: commit.stream, version: version, time: event.occurredAt)
                commands.append(command(to: route.key, following: event, event.payload, origin, named: "\(sagaCategory)/\(route.key)/\(event.id)"))
            }
        }
        for decided in commit.decided where decided.sender?.category == sagaCategory {
            guard case .rejected(let reason) = decided.outcome, let sender = decided.sender else { continue }
            let origin = Origin(kind: .rejection, stream: commit.stream, version: 0, time: surroundings.clock.time, command: decided.command)
            let cause = Envelope(
                id: decided.id, kind: .command, stream: commit.stream, payload: reason, correlation: decided.correlation,
                occurredAt: surroundings.clock.time)
            commands.append(command(to: sender.aggregate, following: cause, reason, origin, named: "\(sender)/\(decided.id)/rejected"))
        }
    }

    private func command(to key: String, following cause: Envelope, _ payload: Payload, _ origin: Origin, named name: String) -> Envelope {
        var command = cause.following(
            id: MessageID(named: name.utf8, in: .sagaInputs), kind: .command, stream: StreamID(sagaCategory, key), payload: payload,
            at: surroundings.clock.time)
        command.origin = origin
        return command
    }
}

extension SagaRoute {
    /// What the routed command says; nil to ignore the event.
    fileprivate var origin: Origin.Kind? {
        switch kind {
        case .start: .start
        case .resume: .resume
        case .startOrResume: .startOrResume
        case .ignore: nil
        }
    }
}

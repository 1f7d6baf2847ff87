internal import EventHorizon

/// Which sagas of one type a commit concerns, as commands to their streams.
protocol SagaRouting {
    var categories: Set<Category> { get }
    /// The saga's own category: it is told of its commands that were rejected.
    var sagaCategory: Category { get }
    /// - Parameter place: Where the commit lies.
    func route(_ commit: Commit, at place: Place) -> RoutedCommit
}

/// What a commit says to sagas.
struct RoutedCommit {
    /// In order of the events and then the rejections that they pass on.
    var commands: [Envelope] = []
    /// Events that could not be decoded, by their place in the commit.
    var failures: [(event: Int, error: any Error)] = []
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

    func route(_ commit: Commit, at place: Place) -> RoutedCommit {
        var routed = RoutedCommit()
        var place = place
        for (index, event) in commit.events.enumerated() {
            place.index = index
            var inputs: [S.Input] = []
            let version = commit.firstVersion + index
            do {
                guard try reads.decode(event, version: version, formats: formats, into: &inputs) else { continue }
            } catch {
                routed.failures.append((index, error))
                continue
            }
            var keys: Set<ExactText> = []
            for input in inputs {
                let route = S.route(input)
                guard let kind = route.origin, keys.insert(ExactText(route.key)).inserted else { continue }
                let origin = Origin(kind: kind, stream: commit.stream, place: place, version: version, time: event.occurredAt)
                routed.commands.append(
                    command(to: route.key, following: event, event.payload, origin, named: "\(sagaCategory)/\(route.key)/\(event.id)"))
            }
        }
        for (index, decided) in commit.decided.enumerated() where decided.sender?.category == sagaCategory {
            guard let sender = decided.sender, let reason = decided.outcome.refusal else { continue }
            place.index = commit.events.count + index
            let origin = Origin(
                kind: .rejection, stream: commit.stream, place: place, version: 0, time: surroundings.clock.time, command: decided.command)
            let cause = Envelope(
                id: decided.id, kind: .command, stream: commit.stream, payload: reason, correlation: decided.correlation,
                occurredAt: surroundings.clock.time)
            routed.commands.append(
                command(to: sender.aggregate, following: cause, reason, origin, named: "\(sender)/\(decided.id)/rejected"))
        }
        return routed
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

extension CommandOutcome {
    /// What a saga is told of its command that was not accepted: the rejection, or why it became a dead letter, which is no type of the domain's.
    fileprivate var refusal: Payload? {
        switch self {
        // What is parked may yet be accepted.
        case .accepted, .parked, .released: nil
        case .rejected(let reason): reason
        case .deadLettered(let reason): Payload(name: "eventhorizon.v1.DeadLettered", contentType: "text/plain", bytes: Array(reason.utf8))
        }
    }
}

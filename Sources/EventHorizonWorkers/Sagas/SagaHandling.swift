internal import EventHorizon

/// Runs an author's saga over the events that its router sent to the saga's stream. A step's commit holds the saga after it and its effects.
final class SagaHandling<S: Saga>: CommandHandling {
    let category = Category(sagaNamed: S.name)
    let extent = Outcome.Load.Extent.last

    private struct State {
        var saga: S?
        var undo: [Envelope] = []
        /// It is complete, or never began.
        var isOver = true
        /// The saga as it is written; nil before its first step.
        var written: Payload?
    }

    private let reads = S.reads
    private let formats: [any PayloadFormat]
    private let surroundings: Surroundings
    private var states: [State] = []

    init(formats: [any PayloadFormat], surroundings: Surroundings) {
        self.formats = formats
        self.surroundings = surroundings
    }

    func load(_ commits: [StoredCommit], slot: Int) throws {
        guard let step = try carriedOn(commits, slot: slot), !step.isComplete else { return }
        guard let format = formats.first(where: { $0.contentType == step.state.contentType }) else {
            throw PayloadError.contentType(step.state.contentType, name: step.state.name)
        }
        states[slot].saga = try format.decodeState(S.self, initial: S(), from: step.state.bytes)
    }

    func carryOn(_ commits: [StoredCommit], slot: Int) throws { _ = try carriedOn(commits, slot: slot) }

    private func carriedOn(_ commits: [StoredCommit], slot: Int) throws -> SagaStep? {
        forget(slot: slot)
        guard let last = commits.last else { return nil }
        guard let step = last.commit.step else { throw SagaError.withoutStep }
        states[slot] = State(undo: step.undo, isOver: step.isComplete, written: step.state)
        return step
    }

    func forget(slot: Int) {
        while states.count <= slot { states.append(State()) }
        states[slot] = State()
    }

    func decide(_ batch: ArraySlice<PendingCommand>, slot: Int, commit: Int, into draft: inout Draft) {
        var effects: [Envelope] = []
        for pending in batch {
            if let verdict = pending.verdict {
                draft.verdicts.append(verdict)
                continue
            }
            var state = states[slot]
            var made: [Envelope] = []
            do {
                try react(to: pending.envelope, commit: commit, sent: effects.count, &state, &made)
                if let saga = state.saga { state.written = try written(saga) }
                state.isOver = state.saga == nil
                states[slot] = state
                effects += made
                draft.verdicts.append(.accepted(events: []))
            } catch let error as UnreadableMessage where error.isFuture {
                draft.future = "\(error)"
                return
            } catch {
                let reason = "saga '\(S.name)' cannot handle '\(pending.envelope.payload.name)': \(error)"
                draft.verdicts.append(.failed(.init(error), reason: reason))
            }
        }
        // Every commit of a saga has its step, also one whose every input failed: the next load reads nothing else.
        let nothing = Payload(name: S.name, contentType: formats[0].contentType, bytes: [])
        draft.step = SagaStep(
            state: states[slot].written ?? nothing, effects: effects, undo: states[slot].undo, isComplete: states[slot].isOver)
    }

    private func written(_ saga: S) throws -> Payload {
        Payload(name: S.name, contentType: formats[0].contentType, bytes: try formats[0].encode { try saga.encode(to: $0) })
    }

    private func react(to command: Envelope, commit: Int, sent: Int, _ state: inout State, _ made: inout [Envelope]) throws {
        guard let origin = command.origin else { throw SagaError.withoutOrigin }
        if origin.kind == .rejection {
            // What was not done is not undone.
            state.undo.removeAll { $0.causation == command.causation }
            guard var saga = state.saga, let rejected = origin.command else { return }
            let effects = saga.react(
                to: RejectedEffect(category: origin.stream.category, command: rejected, rejection: command.payload, formats: formats))
            state.saga = saga
            return try take(effects, of: command, commit: commit, sent: sent, &state, &made)
        }
        var event = command
        event.stream = origin.stream
        event.occurredAt = origin.time
        var inputs: [S.Input] = []
        do { _ = try reads.decode(event, version: origin.version, formats: formats, into: &inputs) } catch { throw UnreadableMessage(error) }
        // Of an event that became several, those that are this saga's. What an older build routed otherwise stays with this saga.
        let own = inputs.filter { ExactText(S.route($0).key) == ExactText(command.stream.aggregate) }
        for input in own.isEmpty ? inputs : own {
            if state.saga == nil {
                // A resumed saga that never began, or is complete, has nothing to say.
                guard origin.kind != .resume else { continue }
                state.saga = S()
            }
            guard var saga = state.saga else { continue }
            let effects = saga.react(to: input)
            state.saga = saga
            try take(effects, of: command, commit: commit, sent: sent, &state, &made)
        }
    }

    private func take(_ effects: [S.Effect], of cause: Envelope, commit: Int, sent: Int, _ state: inout State, _ made: inout [Envelope]) throws {
        for effect in effects {
            switch effect.kind {
            case .send(let outgoing, let undo):
                let name = "\(cause.stream)/\(commit)/\(sent + made.count)"
                let command = try envelope(outgoing, cause, named: name)
                made.append(command)
                if let undo {
                    var undo = try envelope(undo, cause, named: name + "/undo")
                    undo.causation = command.id
                    state.undo.append(undo)
                }
            case .compensate:
                for undo in state.undo.reversed() { made.append(undo) }
                state.undo = []
            case .complete:
                state.saga = nil
                state.undo = []
            case .schedule, .cancel: throw SagaError.timers
            }
        }
    }

    /// The id follows from the saga's stream and the effect's place in it, so that sending it again is recognised.
    private func envelope(_ outgoing: Outgoing, _ cause: Envelope, named name: String) throws -> Envelope {
        var envelope = cause.following(
            id: MessageID(named: name.utf8, in: .sagaEffects), kind: .command, stream: StreamID(outgoing.category, outgoing.aggregate),
            payload: try outgoing.encode(formats[0]), at: surroundings.clock.time)
        envelope.sender = cause.stream
        return envelope
    }
}

internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

extension WireCodec {
    func commit(_ message: UnsafeMutablePointer<Eventhorizon__V1__Commit>) throws(WireError) -> Commit {
        let stream = try self.stream(category: message.pointee.category, aggregate: message.pointee.aggregate_id, "category", "aggregate_id")
        return Commit(
            stream: stream, number: try count(message.pointee.number, "number", from: 1),
            firstVersion: try count(message.pointee.first_version, "first_version", from: 1),
            events: try values(message.pointee.events, message.pointee.n_events, "events", atMost: limits.eventsPerCommit, "eventsPerCommit") {
                event throws(WireError) in try envelope(event, in: stream)
            },
            decided: try values(message.pointee.decided, message.pointee.n_decided, "decided", atMost: limits.decidedPerCommit, "decidedPerCommit") {
                decided throws(WireError) in try self.decided(decided)
            },
            recent: try values(message.pointee.recent, message.pointee.n_recent, "recent", atMost: limits.recentPerCommit, "recentPerCommit") {
                recent throws(WireError) in
                RecentCommand(
                    id: try id(recent.pointee.id, "id"), outcome: try outcome(recent.pointee.outcome),
                    commit: try count(recent.pointee.commit, "commit", from: 1))
            },
            inputs: try values(message.pointee.inputs, message.pointee.n_inputs, "inputs", atMost: limits.inputsPerCommit, "inputsPerCommit") {
                input throws(WireError) in try place(input, "place")
            },
            step: try message.pointee.step.map { step throws(WireError) in try inside("step") { () throws(WireError) in try self.step(step) } },
            parked: try count(message.pointee.parked, "parked"))
    }

    func outcome(_ message: UnsafeMutablePointer<Eventhorizon__V1__CommandOutcome>?) throws(WireError) -> CommandOutcome {
        guard let message else { throw missing("outcome") }
        do throws(WireError) {
            switch message.pointee.outcome_case {
            case EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_ACCEPTED_FROM:
                let count = try count(message.pointee.accepted_count, "accepted_count")
                guard count <= limits.eventsPerCommit else { throw tooMany(count, "accepted_count", limits.eventsPerCommit, "eventsPerCommit") }
                let first = try self.count(message.pointee.accepted_from, "accepted_from", from: count == 0 ? 0 : 1)
                return .accepted(versions: first..<first + count)
            case EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_REJECTED:
                guard let rejected = message.pointee.rejected else { throw missing("rejected") }
                return .rejected(try inside("rejected") { () throws(WireError) in try payload(rejected.pointee) })
            case EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_DEAD_LETTERED:
                return .deadLettered(reason: try freeText(message.pointee.dead_lettered, "dead_lettered"))
            case EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_PARKED:
                guard let parked = message.pointee.parked else { throw missing("parked") }
                return try inside("parked") { () throws(WireError) in
                    let letter = try position(parked.pointee.letter, "letter")
                    return .parked(letter: letter, reason: try freeText(parked.pointee.reason, "reason"))
                }
            case EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_RELEASED: return .released
            default:
                throw WireError(field: "outcome", value: "none that this build knows", limit: "deploy readers before writers")
            }
        } catch { throw error.inside("outcome") }
    }

    private func decided(_ message: UnsafeMutablePointer<Eventhorizon__V1__DecidedCommand>) throws(WireError) -> DecidedCommand {
        DecidedCommand(
            id: try id(message.pointee.id, "id"), place: try place(message.pointee.place, "place"), outcome: try outcome(message.pointee.outcome),
            correlation: try id(message.pointee.correlation_id, "correlation_id"), sender: try sender(message.pointee.sender),
            command: try message.pointee.command.map { command throws(WireError) in
                try inside("command") { () throws(WireError) in try payload(command.pointee) }
            })
    }

    private func step(_ message: UnsafeMutablePointer<Eventhorizon__V1__SagaStep>) throws(WireError) -> SagaStep {
        guard let state = message.pointee.state else { throw missing("state") }
        var step = SagaStep(state: try inside("state") { () throws(WireError) in try payload(state.pointee) })
        step.effects = try values(message.pointee.effects, message.pointee.n_effects, "effects", atMost: limits.effectsPerStep, "effectsPerStep") {
            effect throws(WireError) in try envelope(effect)
        }
        step.undo = try values(message.pointee.undo, message.pointee.n_undo, "undo", atMost: limits.effectsPerStep, "effectsPerStep") {
            effect throws(WireError) in try envelope(effect)
        }
        step.isComplete = message.pointee.is_complete != 0
        return step
    }
}

internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

extension WireCodec {
    func message(_ commit: Commit) -> UnsafeMutablePointer<Eventhorizon__V1__Commit> {
        let message = arena.make(eventhorizon__v1__commit__init)
        message.pointee.category = field(commit.stream.category.description)
        message.pointee.aggregate_id = field(commit.stream.aggregate)
        message.pointee.number = field(commit.number)
        message.pointee.first_version = field(commit.firstVersion)
        message.pointee.events = list(commit.events, &message.pointee.n_events) { self.message($0, in: commit.stream) }
        message.pointee.decided = list(commit.decided, &message.pointee.n_decided) { self.message($0) }
        message.pointee.recent = list(commit.recent, &message.pointee.n_recent) { self.message($0) }
        message.pointee.inputs = list(commit.inputs, &message.pointee.n_inputs) { self.message($0) }
        if let step = commit.step { message.pointee.step = self.message(step) }
        message.pointee.parked = field(commit.parked)
        return message
    }

    func message(_ outcome: CommandOutcome) -> UnsafeMutablePointer<Eventhorizon__V1__CommandOutcome> {
        let message = arena.make(eventhorizon__v1__command_outcome__init)
        switch outcome {
        case .accepted(let versions):
            message.pointee.outcome_case = EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_ACCEPTED_FROM
            message.pointee.accepted_from = field(versions.lowerBound)
            message.pointee.accepted_count = field(versions.count)
        case .rejected(let rejection):
            message.pointee.outcome_case = EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_REJECTED
            message.pointee.rejected = self.message(rejection)
        case .deadLettered(let reason):
            message.pointee.outcome_case = EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_DEAD_LETTERED
            message.pointee.dead_lettered = field(reason)
        case .parked(let letter, let reason):
            message.pointee.outcome_case = EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_PARKED
            let parked = arena.make(eventhorizon__v1__parked__init)
            parked.pointee.reason = field(reason)
            parked.pointee.letter = letter.rawValue
            message.pointee.parked = parked
        case .released:
            message.pointee.outcome_case = EVENTHORIZON__V1__COMMAND_OUTCOME__OUTCOME_RELEASED
            message.pointee.released = 1
        }
        return message
    }

    private func message(_ decided: DecidedCommand) -> UnsafeMutablePointer<Eventhorizon__V1__DecidedCommand> {
        let message = arena.make(eventhorizon__v1__decided_command__init)
        message.pointee.id = field(decided.id)
        message.pointee.place = self.message(decided.place)
        message.pointee.outcome = self.message(decided.outcome)
        message.pointee.correlation_id = field(decided.correlation)
        if let sender = decided.sender { message.pointee.sender = self.message(sender) }
        if let command = decided.command { message.pointee.command = self.message(command) }
        return message
    }

    private func message(_ recent: RecentCommand) -> UnsafeMutablePointer<Eventhorizon__V1__RecentCommand> {
        let message = arena.make(eventhorizon__v1__recent_command__init)
        message.pointee.id = field(recent.id)
        message.pointee.outcome = self.message(recent.outcome)
        message.pointee.commit = field(recent.commit)
        return message
    }

    private func message(_ step: SagaStep) -> UnsafeMutablePointer<Eventhorizon__V1__SagaStep> {
        let message = arena.make(eventhorizon__v1__saga_step__init)
        message.pointee.state = self.message(step.state)
        message.pointee.effects = list(step.effects, &message.pointee.n_effects) { self.message($0) }
        message.pointee.undo = list(step.undo, &message.pointee.n_undo) { self.message($0) }
        message.pointee.is_complete = step.isComplete ? 1 : 0
        return message
    }
}

public import EventHorizon
public import Testing

extension Scenario where Subject: Saga, Steps == SagaSteps<Subject> {
    /// A saga without instances.
    public init(_ saga: Subject.Type) { self.init(steps: Steps()) }

    /// An event that was read.
    public func given(_ event: Subject.Input, sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        when(event, sourceLocation: sourceLocation)
    }

    /// Reads an event: routes it and lets its saga react. An event that is not routed, or resumes nothing, has no
    /// effects. After `complete` a saga is gone: what starts one starts it anew.
    public func when(_ event: Subject.Input, sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        let route = Subject.route(event)
        let isTaken =
            switch route.kind {
            case .ignore: false
            case .resume: steps.states[route.key] != nil
            case .start, .startOrResume: true
            }
        var next = self
        next.steps.effects = []
        guard isTaken else { return next }
        return next.step(route.key, startingWith: Subject(), sourceLocation) { $0.react(to: event) }
    }

    /// A timer of the saga that reacted last has fired.
    public func when(_ timer: Subject.Timer, sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        guard let key = steps.key else {
            Issue.record("no saga has reacted yet, so none has a timer: give it an event first", sourceLocation: sourceLocation)
            return self
        }
        return step(key, sourceLocation) { $0.react(to: timer) }
    }

    /// A command of the saga that reacted last was rejected.
    public func when<Target: CommandTarget>(
        _ command: Target.Command, to: Target.Type, isRejectedWith rejection: Target.Rejection, sourceLocation: SourceLocation = #_sourceLocation
    ) -> Self {
        guard let key = steps.key else {
            Issue.record("no saga has reacted yet, so none has sent a command: give it an event first", sourceLocation: sourceLocation)
            return self
        }
        let rejected = RejectedEffect(
            category: Category(Target.category), command: travelled(command, sourceLocation),
            rejection: travelled(rejection: rejection, sourceLocation))
        return step(key, sourceLocation) { $0.react(to: rejected) }
    }

    /// The last step had these effects, in this order.
    @discardableResult
    public func then(_ effects: Subject.Effect..., sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        #expect(steps.effects == effects, sourceLocation: sourceLocation)
        return self
    }

    private func step(
        _ key: String, startingWith initial: Subject? = nil, _ sourceLocation: SourceLocation, _ react: (inout Subject) -> [Subject.Effect]
    ) -> Self {
        var next = self
        next.steps.effects = []
        next.steps.key = key
        guard var state = steps.states[key] ?? initial else { return next }
        next.steps.effects = react(&state)
        next.steps.states[key] = travelled(saga: state, sourceLocation)
        for effect in next.steps.effects {
            switch effect.kind {
            case .send(let command, let undo):
                check(command.command, sourceLocation)
                if let undo { check(undo.command, sourceLocation) }
            case .complete: next.steps.states[key] = nil
            case .schedule, .cancel, .compensate: break
            }
        }
        return next
    }

    private func check(_ command: some Message, _ sourceLocation: SourceLocation) { _ = travelled(command, sourceLocation) }
}

extension Scenario {
    /// An event of this aggregate that was read. Versions are counted by aggregate.
    public func given<Source: EventSource>(
        _ event: Source.Event, of aggregate: AggregateID<Source>, sourceLocation: SourceLocation = #_sourceLocation
    ) -> Self where Subject: Saga, Steps == SagaSteps<Subject>, Subject.Input == Recorded<Source> {
        when(event, of: aggregate, sourceLocation: sourceLocation)
    }

    /// Reads an event of this aggregate. Versions are counted by aggregate.
    public func when<Source: EventSource>(
        _ event: Source.Event, of aggregate: AggregateID<Source>, sourceLocation: SourceLocation = #_sourceLocation
    ) -> Self where Subject: Saga, Steps == SagaSteps<Subject>, Subject.Input == Recorded<Source> {
        var next = self
        let version = (steps.versions["\(Source.category)/\(aggregate)"] ?? 0) + 1
        next.steps.versions["\(Source.category)/\(aggregate)"] = version
        return next.when(Recorded(travelled(event, sourceLocation), of: aggregate, version: version), sourceLocation: sourceLocation)
    }
}

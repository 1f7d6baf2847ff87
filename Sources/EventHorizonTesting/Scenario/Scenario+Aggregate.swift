public import EventHorizon
public import Testing

extension Scenario where Subject: Aggregate, Steps == AggregateSteps<Subject> {
    /// An aggregate that nothing has happened to.
    public init(_ aggregate: Subject.Type) { self.init(steps: Steps()) }

    /// What has happened.
    public func given(_ events: Subject.Event..., sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        var next = self
        for event in events { next.steps.state.evolve(with: travelled(event, sourceLocation)) }
        return next
    }

    /// Decides a command. Its events have happened for the `when` that follows.
    public func when(_ command: Subject.Command, sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        var next = self
        do throws(Subject.Rejection) {
            let events = try steps.state.decide(travelled(command, sourceLocation)).map { travelled($0, sourceLocation) }
            for event in events { next.steps.state.evolve(with: event) }
            next.steps.outcome = .accepted(events)
        } catch { next.steps.outcome = .rejected(travelled(rejection: error, sourceLocation)) }
        return next
    }

    /// The command was accepted with these events; with none, there was nothing to say.
    @discardableResult
    public func then(_ events: Subject.Event..., sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        switch steps.outcome {
        case .accepted(let actual): #expect(actual == events, sourceLocation: sourceLocation)
        case .rejected(let rejection): Issue.record("rejected: \(rejection), expected \(events)", sourceLocation: sourceLocation)
        case nil: Issue.record("a then needs a when before it", sourceLocation: sourceLocation)
        }
        return self
    }

    /// The domain said no, for this reason.
    @discardableResult
    public func rejects(_ rejection: Subject.Rejection, sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        switch steps.outcome {
        case .rejected(let actual): #expect(actual == rejection, sourceLocation: sourceLocation)
        case .accepted(let events): Issue.record("accepted: \(events), expected the rejection \(rejection)", sourceLocation: sourceLocation)
        case nil: Issue.record("a rejects needs a when before it", sourceLocation: sourceLocation)
        }
        return self
    }
}

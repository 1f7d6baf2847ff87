public import EventHorizon
public import Testing

extension Scenario where Subject: Aggregate, Steps == AggregateSteps<Subject> {
    /// Runs made-up commands against the aggregate as it stands: every message survives the wire, deciding twice decides the same, and `holds` holds
    /// after each command. The first issue ends it and names the seed of its run.
    ///
    /// - Parameters:
    ///   - runs: How many sequences.
    ///   - length: How many commands in each.
    ///   - seed: The first run's seed; each later run has the next one.
    ///   - sourceLocation: Where issues are reported.
    ///   - holds: What must be true of the aggregate and of the events of the run.
    /// - Throws: An error that names the field and the remedy where no value of a command's type can be made up.
    public func explore(
        runs: Int = 200, length: Int = 20, seed: UInt64 = 1, sourceLocation: SourceLocation = #_sourceLocation,
        holds: (Subject, [Subject.Event]) -> Bool = { _, _ in true }
    ) throws {
        let names = Array(Subject.Command.CodingKeys.allCases)
        guard !names.isEmpty else { return }
        for run in 0..<UInt64(max(0, runs)) {
            let seed = seed &+ run
            let inventor = Inventor(seed: seed)
            var state = steps.state
            var history: [Subject.Event] = []
            for _ in 0..<length {
                let made = try MessageCatalog<Subject.Command>.invent(inventor.pick(names), inventor)
                guard let command = arrived(made, sourceLocation) else { return }
                switch (decision(command, state), decision(command, state)) {
                case (.accepted(let events), .accepted(let again)) where events == again:
                    for event in events {
                        guard let event = arrived(event, sourceLocation) else { return }
                        state.evolve(with: event)
                        history.append(event)
                    }
                case (.rejected(let rejection), .rejected(let again)) where rejection == again:
                    _ = travelled(rejection: rejection, sourceLocation)
                case (let first, let second):
                    Issue.record("decide is not pure: \(command) gives \(first), then \(second), seed \(seed)", sourceLocation: sourceLocation)
                    return
                }
                guard holds(state, history) else {
                    Issue.record("broken after \(command), seed \(seed), events \(history)", sourceLocation: sourceLocation)
                    return
                }
            }
        }
    }

    private func decision(_ command: Subject.Command, _ state: Subject) -> Decision<Subject.Event, Subject.Rejection> {
        do throws(Subject.Rejection) { return .accepted(try state.decide(command)) } catch { return .rejected(error) }
    }
}

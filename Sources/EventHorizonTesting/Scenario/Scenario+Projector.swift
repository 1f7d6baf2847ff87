public import EventHorizon
public import Testing

extension Scenario where Subject: Projector, Steps == ProjectorSteps<Subject> {
    /// A projector with an empty temporary store, its schema made.
    /// - Throws: What the store or `createSchema` throws.
    public init(_ projector: Subject) throws {
        let store = try Subject.Store.temporary()
        _ = try store.prepare(ProjectionID(Subject.self)) { db in try projector.createSchema(in: db) }
        self.init(steps: Steps(projector: projector, store: store))
    }

    /// Projects a batch in one transaction, which moves a checkpoint as in production.
    /// - Throws: What the store or the projector throws; nothing of the batch is stored then.
    public func given(_ events: Subject.Input...) throws -> Self {
        try project(events)
        return self
    }

    /// The rows are these.
    /// - Throws: What the store or `query` throws.
    @discardableResult
    public func then<Rows: Equatable>(
        _ expected: Rows, sourceLocation: SourceLocation = #_sourceLocation, query: (borrowing StoreTransaction<Subject.Store>) throws -> Rows
    ) throws -> Self {
        let actual = try steps.store.snapshot(of: ProjectionID(Subject.self)) { db, _ in try query(db) }
        #expect(actual == expected, sourceLocation: sourceLocation)
        return self
    }

    fileprivate func project(_ events: [Subject.Input]) throws {
        let projection = ProjectionID(Subject.self)
        let from = try steps.store.checkpoints(of: projection)[0]
        let position = Position((from?.position.rawValue ?? 0) + UInt64(events.count))
        let move = CheckpointMove(partition: 0, from: from, to: Checkpoint(incarnation: 1, position: position))
        try steps.store.write(projection, moving: [move]) { db in try steps.projector.project(batch: events, in: db) }
    }
}

extension Scenario {
    /// Projects events of one aggregate in one transaction. Versions are counted by aggregate.
    /// - Throws: What the store or the projector throws; nothing of the batch is stored then.
    public func given<Source: EventSource>(
        _ events: Source.Event..., of aggregate: AggregateID<Source>, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Self where Subject: Projector, Steps == ProjectorSteps<Subject>, Subject.Input == Recorded<Source> {
        var next = self
        let key = "\(Source.category)/\(aggregate)"
        let last = steps.versions[key] ?? 0
        next.steps.versions[key] = last + events.count
        try next.project(
            events.enumerated().map { index, event in Recorded(travelled(event, sourceLocation), of: aggregate, version: last + index + 1) })
        return next
    }
}

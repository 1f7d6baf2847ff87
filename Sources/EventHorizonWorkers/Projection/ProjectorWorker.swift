public import EventHorizon
public import EventHorizonJSON

/// Runs projectors into a store. Every projector is a group of its own; start more workers, and each group splits the partitions between its members.
public struct ProjectorWorker: Worker {
    public var instruments: [any Instrument] = []
    /// What becomes of events that cannot be projected. A parked stream's events are held back, in the read model's checkpoint, and none of them are in the
    /// rows until it is released; one that cannot be read is skipped by default.
    public var failures = FailurePolicy()
    private let projections: [any Projecting]
    private let broker: any Broker
    private let formatsAreMissing: Bool

    public init<Store: ReadModelStore>(
        _ projector: any Projector<Store>, _ more: any Projector<Store>..., into store: Store, broker: any Broker,
        payloads: [any PayloadFormat] = [.json]
    ) {
        func projecting<P: Projector<Store>>(_ projector: P) -> any Projecting {
            Projection(projector, into: store, formats: payloads, surroundings: broker.surroundings)
        }
        var all: [any Projecting] = []
        for projector in [projector] + more { all.append(projecting(projector)) }
        projections = all
        self.broker = broker
        formatsAreMissing = payloads.isEmpty
    }

    public func run() async throws {
        var problems = projections.flatMap(\.problems)
        if Set(projections.map(\.projection)).count < projections.count {
            problems.append("two projectors of one worker have one name and version: rename one")
        }
        if formatsAreMissing { problems.append("a projector worker needs a payload format: leave out 'payloads' for JSON") }
        guard problems.isEmpty else { throw Misconfiguration(problems) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for projecting in projections {
                group.addTask {
                    let name = "projector.\(projecting.projection)"
                    let declaration = GroupDeclaration(
                        name: name, log: .events, categories: projecting.categories, keepsOwnProgress: true, store: try projecting.prepare())
                    try await serve(declaration, of: broker, instruments) { member in
                        ProjectionLoop(
                            projecting: projecting, failures: failures, surroundings: broker.surroundings, group: name, instruments: instruments,
                            member: member)
                    }
                }
            }
            // Not `waitForAll`, which waits for every group before it throws what ended one.
            while try await group.next() != nil {}
        }
    }
}

internal import EventHorizon

/// One projector with its store, behind one call per batch.
protocol Projecting: Sendable {
    var projection: ProjectionID { get }
    var categories: Set<Category> { get }
    var problems: [String] { get }
    /// Makes the projection's place in the store; its identity, where the store is local.
    func prepare() throws -> String?
    func checkpoints() throws -> [Int: Checkpoint]
    /// Decodes what the projector reads of a commit, and says which events could not be.
    func decode(_ commit: Commit) -> (inputs: ProjectorInputs, failures: [ProjectionFailure])
    /// One transaction: the checkpoints move, then the rows are written.
    func write(_ inputs: [ProjectorInputs], moving moves: [CheckpointMove]) throws
    /// The same for commits of one partition, event by event.
    /// - Throws: `ProjectionFailure` where one of them fails.
    func write(singly inputs: [ProjectorInputs], moving move: CheckpointMove) throws
    /// What is left without one event of the commit.
    func leave(out event: Int, of inputs: ProjectorInputs) -> ProjectorInputs
}

/// What a projector reads of one commit, in order of version; its type is the projector's own.
struct ProjectorInputs {
    /// Of each value, the place in the commit of the event that it was made of.
    fileprivate let events: [Int]
    fileprivate let values: any Sendable
    var count: Int { events.count }
}

/// An event of a commit that its projector could not project.
struct ProjectionFailure: Error {
    /// Which commit, of those that were written together.
    var commit = 0
    let event: Int
    let cause: any Error
}

struct Projection<P: Projector>: Projecting {
    private let projector: P
    private let store: P.Store
    private let reads = P.reads
    private let formats: [any PayloadFormat]
    private let surroundings: Surroundings

    init(_ projector: P, into store: P.Store, formats: [any PayloadFormat], surroundings: Surroundings) {
        self.projector = projector
        self.store = store
        self.formats = formats
        self.surroundings = surroundings
    }

    var projection: ProjectionID { ProjectionID(P.self) }
    var categories: Set<Category> { reads.categories }
    var problems: [String] { reads.problems }

    func prepare() throws -> String? {
        try store.prepare(projection) { db in try projector.createSchema(in: db) }
    }

    func checkpoints() throws -> [Int: Checkpoint] { try store.checkpoints(of: projection) }

    func decode(_ commit: Commit) -> (inputs: ProjectorInputs, failures: [ProjectionFailure]) {
        var inputs: [P.Input] = []
        var events: [Int] = []
        var failures: [ProjectionFailure] = []
        for (index, event) in commit.events.enumerated() {
            do {
                _ = try reads.decode(event, version: commit.firstVersion + index, formats: formats, into: &inputs)
            } catch {
                failures.append(ProjectionFailure(event: index, cause: error))
            }
            while events.count < inputs.count { events.append(index) }
        }
        return (ProjectorInputs(events: events, values: inputs), failures)
    }

    private func values(of inputs: ProjectorInputs) -> [P.Input] { inputs.values as? [P.Input] ?? [] }

    func leave(out event: Int, of inputs: ProjectorInputs) -> ProjectorInputs {
        let left = zip(inputs.events, values(of: inputs)).filter { $0.0 != event }
        return ProjectorInputs(events: left.map(\.0), values: left.map(\.1))
    }

    func write(_ inputs: [ProjectorInputs], moving moves: [CheckpointMove]) throws {
        var batch: [P.Input] = []
        batch.reserveCapacity(inputs.reduce(0) { $0 + $1.count })
        for input in inputs { batch += values(of: input) }
        try store.write(projection, moving: moves) { db in
            if !batch.isEmpty { try projector.project(batch: batch, in: db) }
            surroundings.reach(.inTransaction)
        }
    }

    func write(singly inputs: [ProjectorInputs], moving move: CheckpointMove) throws {
        try store.write(projection, moving: [move]) { db in
            for (commit, inputs) in inputs.enumerated() {
                for (event, input) in zip(inputs.events, values(of: inputs)) {
                    do {
                        try projector.project(batch: [input], in: db)
                    } catch {
                        throw ProjectionFailure(commit: commit, event: event, cause: error)
                    }
                }
            }
            surroundings.reach(.inTransaction)
        }
    }
}

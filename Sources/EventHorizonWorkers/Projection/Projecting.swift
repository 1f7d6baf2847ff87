internal import EventHorizon

/// One projector with its store, behind one call per batch.
protocol Projecting: Sendable {
    var projection: ProjectionID { get }
    var categories: Set<Category> { get }
    var problems: [String] { get }
    /// Makes the projection's place in the store; its identity, where the store is local.
    func prepare() throws -> String?
    func checkpoints() throws -> [Int: Checkpoint]
    /// Decodes what the projector reads of a commit.
    func decode(_ commit: Commit) throws -> ProjectorInputs
    /// One transaction: the checkpoints move, then the rows are written.
    func write(_ inputs: [ProjectorInputs], moving moves: [CheckpointMove]) throws
}

/// What a projector reads of one commit, in order of version; its type is the projector's own.
struct ProjectorInputs {
    fileprivate let values: any Sendable
    let count: Int
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

    func decode(_ commit: Commit) throws -> ProjectorInputs {
        var inputs: [P.Input] = []
        for (index, event) in commit.events.enumerated() {
            _ = try reads.decode(event, version: commit.firstVersion + index, formats: formats, into: &inputs)
        }
        return ProjectorInputs(values: inputs, count: inputs.count)
    }

    func write(_ inputs: [ProjectorInputs], moving moves: [CheckpointMove]) throws {
        var batch: [P.Input] = []
        batch.reserveCapacity(inputs.reduce(0) { $0 + $1.count })
        for input in inputs { if let values = input.values as? [P.Input] { batch += values } }
        try store.write(projection, moving: moves) { db in
            if !batch.isEmpty { try projector.project(batch: batch, in: db) }
            surroundings.reach(.inTransaction)
        }
    }
}

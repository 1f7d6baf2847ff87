/// A store of read models: rows and checkpoint move in one transaction. Every projection, a projector's name and version, has rows of its own.
///
/// Safe to use from several tasks, threads and processes; calls block for as long as the store does.
public protocol ReadModelStore: Sendable {
    associatedtype Connection

    /// An empty store that is gone with its last reference.
    static func temporary() throws -> Self

    /// Makes the projection's place in the store if it is not there: the store's own tables and `schema`, in one transaction.
    /// - Returns: The identity of that place, by which another file under the same name is told apart; nil where every host reaches the same one.
    func prepare(_ projection: ProjectionID, schema: (borrowing StoreTransaction<Self>) throws -> Void) throws -> String?

    /// How far the projection is, by partition.
    func checkpoints(of projection: ProjectionID) throws -> [Int: Checkpoint]

    /// One write transaction: moves the checkpoints by compare-and-set first, then runs `body`; all of it is stored or nothing.
    /// - Throws: `CheckpointConflict` when a checkpoint is not where it was said to be: another member wrote it. Whatever `body` throws.
    func write(_ projection: ProjectionID, moving moves: [CheckpointMove], _ body: (borrowing StoreTransaction<Self>) throws -> Void) throws

    /// One read transaction: rows and checkpoints of one moment.
    func snapshot<Value>(
        of projection: ProjectionID, _ body: (borrowing StoreTransaction<Self>, [Int: Checkpoint]) throws -> Value
    ) throws -> Value
}

/// A transaction of a store: borrowed, so it cannot outlive the closure. `Connection`'s members are internal to the store's module.
public struct StoreTransaction<Store: ReadModelStore>: ~Copyable {
    public let connection: Store.Connection
    public init(connection: Store.Connection) { self.connection = connection }
}

/// How far a projection is in one partition of the events log: every event up to `position` is in its rows.
public struct Checkpoint: Sendable, Equatable {
    public var incarnation: UInt64
    public var position: Position
    public init(incarnation: UInt64, position: Position) {
        self.incarnation = incarnation
        self.position = position
    }
}

/// One step of a checkpoint. `from` is nil where none is stored yet.
public struct CheckpointMove: Sendable, Equatable {
    public var partition: Int
    public var from: Checkpoint?
    public var to: Checkpoint
    public init(partition: Int, from: Checkpoint?, to: Checkpoint) {
        self.partition = partition
        self.from = from
        self.to = to
    }
}

/// A checkpoint was not where its writer believed: another member owns the partition now.
public struct CheckpointConflict: Error, Equatable, CustomStringConvertible {
    public let partition: Int
    public let expected: Checkpoint?
    public let actual: Checkpoint?
    public init(partition: Int, expected: Checkpoint?, actual: Checkpoint?) {
        self.partition = partition
        self.expected = expected
        self.actual = actual
    }
    public var description: String {
        "the checkpoint of partition \(partition) is at \(actual.map { "\($0.position)" } ?? "nothing"), not at "
            + "\(expected.map { "\($0.position)" } ?? "nothing"): another member wrote it"
    }
}

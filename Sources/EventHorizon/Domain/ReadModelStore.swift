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

/// Makes a read model of events: rows that are written in the store's own transaction, which also moves the checkpoint.
public protocol Projector<Store>: Sendable {
    associatedtype Input: Sendable
    associatedtype Store: ReadModelStore
    /// Durable: the rows and the checkpoints lie under it.
    static var name: String { get }
    /// A new version has rows of its own and is built beside the old one.
    static var version: Int { get }
    static var reads: Events<Input> { get }

    /// Runs once, before the first event, in the transaction that makes the store's own tables.
    func createSchema(in db: borrowing StoreTransaction<Store>) throws
    /// Events of one aggregate come in order of version, each once. An error is retried, then the event becomes a dead letter and is skipped.
    func project(_ event: Input, in db: borrowing StoreTransaction<Store>) throws
    /// One batch, in order. The default projects each; write it to write many rows at once.
    func project(batch: [Input], in db: borrowing StoreTransaction<Store>) throws
}

extension Projector {
    public static var version: Int { 1 }
    public func createSchema(in db: borrowing StoreTransaction<Store>) throws {}
    @inlinable
    public func project(batch: [Input], in db: borrowing StoreTransaction<Store>) throws {
        for event in batch { try project(event, in: db) }
    }
}

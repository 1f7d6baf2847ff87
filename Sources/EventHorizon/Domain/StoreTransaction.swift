/// A transaction of a store: borrowed, so it cannot outlive the closure. `Connection`'s members are internal to the store's module.
public struct StoreTransaction<Store: ReadModelStore>: ~Copyable {
    public let connection: Store.Connection
    public init(connection: Store.Connection) { self.connection = connection }
}

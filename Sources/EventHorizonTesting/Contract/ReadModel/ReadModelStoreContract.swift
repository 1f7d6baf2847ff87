public import EventHorizon
public import Testing

/// What every store of read models promises, a behaviour a function. A back end's own tests run each by name:
///
///     static let contract = ReadModelStoreContract<MyStore>(
///         createTable: { db in try db.execute("CREATE TABLE row (key TEXT PRIMARY KEY, value INTEGER NOT NULL)") },
///         put: { db, key, value in try db.execute("INSERT OR REPLACE INTO row VALUES (?, ?)", key, value) },
///         rows: { db in ... })
///
///     @Test(arguments: ReadModelStoreContract<MyStore>.behaviours)
///     func holds(_ behaviour: ReadModelStoreContract<MyStore>.Behaviour) async throws { try await behaviour.check(Self.contract) }
public struct ReadModelStoreContract<Store: ReadModelStore>: Sendable {
    let makeStore: @Sendable () throws -> Store
    let createTable: @Sendable (borrowing StoreTransaction<Store>) throws -> Void
    let put: @Sendable (borrowing StoreTransaction<Store>, String, Int) throws -> Void
    let rows: @Sendable (borrowing StoreTransaction<Store>) throws -> [String: Int]

    /// - Parameters:
    ///   - makeStore: An empty store; a temporary one unless said otherwise.
    ///   - createTable: Makes a table of keys and numbers; fails where there is one.
    ///   - put: Writes a row, over the one that has its key.
    ///   - rows: Every row.
    public init(
        makeStore: @escaping @Sendable () throws -> Store = { try Store.temporary() },
        createTable: @escaping @Sendable (borrowing StoreTransaction<Store>) throws -> Void,
        put: @escaping @Sendable (borrowing StoreTransaction<Store>, _ key: String, _ value: Int) throws -> Void,
        rows: @escaping @Sendable (borrowing StoreTransaction<Store>) throws -> [String: Int]
    ) {
        self.makeStore = makeStore
        self.createTable = createTable
        self.put = put
        self.rows = rows
    }

    /// A behaviour of the contract.
    public struct Behaviour: Sendable, CustomTestStringConvertible {
        /// A sentence.
        public let name: String
        private let run: @Sendable (ReadModelStoreContract) -> () async throws -> Void

        init(_ name: String, _ run: @escaping @Sendable (ReadModelStoreContract) -> () async throws -> Void) {
            self.name = name
            self.run = run
        }

        public var testDescription: String { name }

        /// Proves the behaviour on a store that is made for it.
        /// - Throws: What the store throws.
        public func check(_ contract: ReadModelStoreContract) async throws { try await run(contract)() }
    }

    /// Every behaviour of the contract.
    public static var behaviours: [Behaviour] {
        [
            Behaviour("rows and checkpoint move together") { $0.rows_and_checkpoint_move_together },
            Behaviour("a body that throws stores nothing") { $0.a_body_that_throws_stores_nothing },
            Behaviour("a checkpoint that is elsewhere is a conflict") { $0.a_checkpoint_that_is_elsewhere_is_a_conflict },
            Behaviour("one conflict keeps every checkpoint in its place") { $0.one_conflict_keeps_every_checkpoint_in_its_place },
            Behaviour("held streams move with their checkpoint") { $0.held_streams_move_with_their_checkpoint },
            Behaviour("a checkpoint that holds other streams is a conflict") { $0.a_checkpoint_that_holds_other_streams_is_a_conflict },
            Behaviour("of two writers from one checkpoint one wins") { $0.of_two_writers_from_one_checkpoint_one_wins },
            Behaviour("a snapshot is of one moment") { $0.a_snapshot_is_of_one_moment },
            Behaviour("a schema is made once") { $0.a_schema_is_made_once },
            Behaviour("a schema that fails leaves nothing") { $0.a_schema_that_fails_leaves_nothing },
            Behaviour("an identity is stable") { $0.an_identity_is_stable },
            Behaviour("projections have rows of their own") { $0.projections_have_rows_of_their_own },
        ]
    }
}

internal import EventHorizon
internal import Testing

extension ReadModelStoreContract {
    /// Preparing what is there keeps its rows and does not run the schema.
    public func a_schema_is_made_once() async throws {
        let store = try prepared()
        try store.write(projection, moving: [move(from: nil, to: 1)]) { db in try put(db, "a", 1) }
        _ = try store.prepare(projection) { _ in Issue.record("the schema is there already") }
        let state = try state(of: store, projection)
        #expect(state.rows == ["a": 1])
        #expect(state.checkpoints.count == 1)
    }

    /// A schema that throws is not half made: the next one begins anew.
    public func a_schema_that_fails_leaves_nothing() async throws {
        let store = try makeStore()
        #expect(throws: ContractFailure.self) {
            _ = try store.prepare(projection) { db in
                try createTable(db)
                try put(db, "a", 1)
                throw ContractFailure()
            }
        }
        _ = try store.prepare(projection, schema: createTable)
        #expect(try state(of: store, projection).rows.isEmpty)
    }

    /// A projection's place keeps its identity, and another store's has another, where stores have identities at all.
    public func an_identity_is_stable() async throws {
        let store = try makeStore()
        let identity = try store.prepare(projection, schema: createTable)
        #expect(try store.prepare(projection, schema: createTable) == identity)
        let other = try makeStore()
        if let identity {
            #expect(!identity.isEmpty)
            #expect(try other.prepare(projection, schema: createTable) != identity)
        }
    }

    /// Another name, and another version of the same name, has rows and checkpoints of its own.
    public func projections_have_rows_of_their_own() async throws {
        let store = try prepared()
        let others = [ProjectionID(name: "contract", version: 2), ProjectionID(name: "other", version: 1)]
        try store.write(projection, moving: [move(from: nil, to: 1)]) { db in try put(db, "a", 1) }
        for (index, other) in others.enumerated() {
            _ = try store.prepare(other, schema: createTable)
            #expect(try state(of: store, other).rows.isEmpty)
            #expect(try store.checkpoints(of: other).isEmpty)
            try store.write(other, moving: [move(from: nil, to: 9)]) { db in try put(db, "a", index + 10) }
        }
        #expect(try state(of: store, projection).rows == ["a": 1])
        #expect(try state(of: store, projection).checkpoints == [0: move(from: nil, to: 1).to])
        for (index, other) in others.enumerated() { #expect(try state(of: store, other).rows == ["a": index + 10]) }
    }
}

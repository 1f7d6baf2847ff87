internal import EventHorizon
internal import Testing

extension ReadModelStoreContract {
    var projection: ProjectionID { ProjectionID(name: "contract", version: 1) }

    /// A store with an empty projection.
    func prepared() throws -> Store {
        let store = try makeStore()
        _ = try store.prepare(projection, schema: createTable)
        return store
    }

    func move(_ partition: Int = 0, from: UInt64?, to: UInt64, incarnation: UInt64 = 7) -> CheckpointMove {
        CheckpointMove(
            partition: partition, from: from.map { Checkpoint(incarnation: incarnation, position: Position($0)) },
            to: Checkpoint(incarnation: incarnation, position: Position(to)))
    }

    func state(of store: Store, _ projection: ProjectionID) throws -> (rows: [String: Int], checkpoints: [Int: Checkpoint]) {
        try store.snapshot(of: projection) { db, checkpoints in (try rows(db), checkpoints) }
    }

    /// A write stores its rows and moves its checkpoints, and both are read together.
    public func rows_and_checkpoint_move_together() async throws {
        let store = try prepared()
        #expect(try store.checkpoints(of: projection).isEmpty)
        try store.write(projection, moving: [move(from: nil, to: 5)]) { db in try put(db, "a", 1) }
        try store.write(projection, moving: [move(from: 5, to: 9), move(3, from: nil, to: 8)]) { db in
            try put(db, "a", 2)
            try put(db, "b", 3)
        }
        let state = try state(of: store, projection)
        #expect(state.rows == ["a": 2, "b": 3])
        #expect(state.checkpoints == [0: move(from: nil, to: 9).to, 3: move(from: nil, to: 8).to])
        #expect(try store.checkpoints(of: projection) == state.checkpoints)
        try store.write(projection, moving: []) { db in try put(db, "c", 4) }
        #expect(try self.state(of: store, projection).rows == ["a": 2, "b": 3, "c": 4], "a write need not move a checkpoint")
    }

    /// Where the body throws, neither its rows nor its checkpoints are stored, and its error is what the write throws.
    public func a_body_that_throws_stores_nothing() async throws {
        let store = try prepared()
        try store.write(projection, moving: [move(from: nil, to: 1)]) { db in try put(db, "a", 1) }
        #expect(throws: ContractFailure.self) {
            try store.write(projection, moving: [move(from: 1, to: 2)]) { db in
                try put(db, "a", 2)
                try put(db, "b", 2)
                throw ContractFailure()
            }
        }
        let state = try state(of: store, projection)
        #expect(state.rows == ["a": 1])
        #expect(state.checkpoints == [0: move(from: nil, to: 1).to])
        try store.write(projection, moving: [move(from: 1, to: 2)]) { db in try put(db, "a", 3) }
        #expect(try self.state(of: store, projection).rows == ["a": 3], "the store goes on after it")
    }

    /// A checkpoint that is not where its writer believes is a conflict that says so; the body does not run.
    public func a_checkpoint_that_is_elsewhere_is_a_conflict() async throws {
        let store = try prepared()
        func conflicts(_ move: CheckpointMove, _ actual: Checkpoint?) {
            #expect(throws: CheckpointConflict(partition: move.partition, expected: move.from, actual: actual)) {
                try store.write(projection, moving: [move]) { _ in Issue.record("the checkpoint moves first: the body must not run") }
            }
        }
        conflicts(move(from: 4, to: 5), nil)
        try store.write(projection, moving: [move(from: nil, to: 5)]) { db in try put(db, "a", 1) }
        let actual = move(from: nil, to: 5).to
        conflicts(move(from: nil, to: 6), actual)
        conflicts(move(from: 4, to: 6), actual)
        conflicts(move(from: 6, to: 7), actual)
        conflicts(move(from: 5, to: 6, incarnation: 8), actual)
        let state = try state(of: store, projection)
        #expect(state.rows == ["a": 1])
        #expect(state.checkpoints == [0: actual])
    }

    /// Of several checkpoints that a write moves, one in conflict keeps all of them in place.
    public func one_conflict_keeps_every_checkpoint_in_its_place() async throws {
        let store = try prepared()
        try store.write(projection, moving: [move(0, from: nil, to: 1), move(1, from: nil, to: 1)]) { _ in }
        #expect(throws: CheckpointConflict.self) {
            try store.write(projection, moving: [move(0, from: 1, to: 2), move(1, from: 2, to: 3), move(2, from: nil, to: 1)]) { _ in }
        }
        #expect(try store.checkpoints(of: projection) == [0: move(from: nil, to: 1).to, 1: move(from: nil, to: 1).to])
    }

    private func holding(_ held: KeyValuePairs<String, HeldStream>, at position: UInt64) -> Checkpoint {
        let streams = held.map { (StreamID(Category("contract.v1.Thing"), $0.key), $0.value) }
        return Checkpoint(incarnation: 7, position: Position(position), held: Dictionary(uniqueKeysWithValues: streams))
    }

    /// What a checkpoint says of held streams is stored and read with it: more, others, fewer, at the same position too, for each partition by itself.
    public func held_streams_move_with_their_checkpoint() async throws {
        let store = try prepared()
        let one = HeldStream(first: Position(3), last: Position(5))
        let parked = HeldStream(first: Position(4), last: Position(9), isParked: true)
        let steps = [
            holding([:], at: 2), holding(["a": one], at: 5), holding(["a": parked], at: 5),
            holding(["a": one, "m\u{FC}ller": one, "mu\u{308}ller": parked, "": one], at: 9), holding(["m\u{FC}ller": parked], at: 9),
            holding([:], at: 9),
        ]
        try store.write(projection, moving: [CheckpointMove(partition: 1, from: nil, to: steps[2])]) { _ in }
        for (index, step) in steps.enumerated() {
            let from = index == 0 ? nil : steps[index - 1]
            try store.write(projection, moving: [CheckpointMove(partition: 0, from: from, to: step)]) { db in try put(db, "count", index) }
            #expect(try store.checkpoints(of: projection) == [0: step, 1: steps[2]])
            #expect(try state(of: store, projection).checkpoints == [0: step, 1: steps[2]])
        }
    }

    /// Two owners at one position that hold other streams are told apart.
    public func a_checkpoint_that_holds_other_streams_is_a_conflict() async throws {
        let store = try prepared()
        let one = HeldStream(first: Position(3), last: Position(5))
        let (held, released) = (holding(["a": one], at: 5), holding([:], at: 5))
        try store.write(projection, moving: [CheckpointMove(partition: 0, from: nil, to: held)]) { _ in }
        try store.write(projection, moving: [CheckpointMove(partition: 0, from: held, to: released)]) { db in try put(db, "a", 1) }
        for to in [released, holding(["a": one], at: 8)] {
            #expect(throws: CheckpointConflict(partition: 0, expected: held, actual: released)) {
                try store.write(projection, moving: [CheckpointMove(partition: 0, from: held, to: to)]) { db in try put(db, "a", 2) }
            }
        }
        let state = try state(of: store, projection)
        #expect(state.rows == ["a": 1])
        #expect(state.checkpoints == [0: released])
    }

    /// Of two writers that move one checkpoint at the same time one wins, round after round, and each round counts once.
    public func of_two_writers_from_one_checkpoint_one_wins() async throws {
        let store = try prepared()
        let rounds: UInt64 = 40
        for round in 0..<rounds {
            let wins = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<2 {
                    tasks.addTask {
                        do {
                            try store.write(projection, moving: [move(from: round == 0 ? nil : round, to: round + 1)]) { db in
                                try put(db, "count", (try rows(db)["count"] ?? 0) + 1)
                            }
                            return 1
                        } catch is CheckpointConflict { return 0 }
                    }
                }
                return try await tasks.reduce(0, +)
            }
            #expect(wins == 1)
        }
        #expect(try state(of: store, projection).rows == ["count": Int(rounds)])
    }

    /// Rows and checkpoints that a snapshot shows are of one moment, while others write.
    public func a_snapshot_is_of_one_moment() async throws {
        let store = try prepared()
        let last: UInt64 = 200
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for number in 0..<last {
                    try store.write(projection, moving: [move(from: number == 0 ? nil : number, to: number + 1)]) { db in
                        try put(db, "a", Int(number) + 1)
                        try put(db, "b", Int(number) + 1)
                    }
                }
            }
            tasks.addTask {
                var position: UInt64 = 0
                while position < last {
                    try Task.checkCancellation()
                    let state = try state(of: store, projection)
                    position = state.checkpoints[0]?.position.rawValue ?? 0
                    let value = position == 0 ? nil : Int(position)
                    #expect(state.rows["a"] == value && state.rows["b"] == value)
                    await Task.yield()
                }
            }
            try await tasks.waitForAll()
        }
    }
}

/// What a body throws to see what becomes of its transaction.
struct ContractFailure: Error {}

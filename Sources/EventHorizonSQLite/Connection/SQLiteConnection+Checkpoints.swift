internal import EventHorizon

// The store's own tables. Every file has them.
extension SQLiteConnection {
    /// Of these tables.
    static let format = 2

    /// - Returns: The identity, random, by which this file is told from any other.
    func createTables(for projection: ProjectionID) throws -> String {
        let identity = MessageID(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)).description
        let db = SQLiteTransaction(connection: self)
        try db.execute("CREATE TABLE eventhorizon_store (identity TEXT NOT NULL, projection TEXT NOT NULL, schema_version INTEGER NOT NULL)")
        // Incarnation and position are unsigned: stored as the signed integers of the same bits.
        try db.execute(
            "CREATE TABLE eventhorizon_checkpoint (partition INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, position INTEGER NOT NULL)")
        try db.execute(
            """
            CREATE TABLE eventhorizon_held (partition INTEGER NOT NULL, category TEXT NOT NULL, aggregate TEXT NOT NULL, first INTEGER NOT NULL,
            last INTEGER NOT NULL, is_parked INTEGER NOT NULL, PRIMARY KEY (partition, category, aggregate)) WITHOUT ROWID
            """)
        try db.execute("INSERT INTO eventhorizon_store VALUES (?, ?, ?)", identity, "\(projection)", Self.format)
        return identity
    }

    /// nil: nobody has prepared this file.
    func storeRecord() throws -> (identity: String, projection: String, format: Int)? {
        guard try !query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'eventhorizon_store'").isEmpty,
            let row = try query("SELECT identity, projection, schema_version FROM eventhorizon_store").first
        else { return nil }
        return (try row[0], try row[1], try row[2])
    }

    func checkpoints() throws -> [Int: Checkpoint] {
        var checkpoints: [Int: Checkpoint] = [:]
        for row in try query("SELECT partition, incarnation, position FROM eventhorizon_checkpoint") {
            checkpoints[try row[0]] = Checkpoint(
                incarnation: UInt64(bitPattern: try row[1]), position: Position(UInt64(bitPattern: try row[2])))
        }
        for row in try query("SELECT partition, category, aggregate, first, last, is_parked FROM eventhorizon_held") {
            let stream = StreamID(Category(try row[1, as: String.self]), try row[2])
            // Written together with the checkpoint, and so never without one.
            checkpoints[try row[0]]?.held[stream] = HeldStream(
                first: Position(UInt64(bitPattern: try row[3])), last: Position(UInt64(bitPattern: try row[4])), isParked: try row[5])
        }
        return checkpoints
    }

    /// The fence: one row moves, or the whole transaction is undone.
    func move(_ move: CheckpointMove) throws {
        let db = SQLiteTransaction(connection: self)
        let incarnation = Int64(bitPattern: move.to.incarnation)
        let position = Int64(bitPattern: move.to.position.rawValue)
        let moved =
            if let from = move.from {
                try db.execute(
                    "UPDATE eventhorizon_checkpoint SET incarnation = ?, position = ? WHERE partition = ? AND incarnation = ? AND position = ?",
                    incarnation, position, move.partition, Int64(bitPattern: from.incarnation), Int64(bitPattern: from.position.rawValue))
            } else {
                try db.execute("INSERT INTO eventhorizon_checkpoint VALUES (?, ?, ?) ON CONFLICT DO NOTHING", move.partition, incarnation, position)
            }
        // What is held changes without the position too.
        let held = move.from?.held ?? [:]
        guard moved == 1, try held.isEmpty || checkpoints()[move.partition] == move.to.holding(held) else {
            throw CheckpointConflict(partition: move.partition, expected: move.from, actual: try checkpoints()[move.partition])
        }
        try change(held, to: move.to.held, in: move.partition, db)
    }

    private func change(
        _ held: [StreamID: HeldStream], to next: [StreamID: HeldStream], in partition: Int, _ db: borrowing SQLiteTransaction
    ) throws {
        guard held != next else { return }
        for stream in held.keys where next[stream] == nil {
            try db.execute(
                "DELETE FROM eventhorizon_held WHERE partition = ? AND category = ? AND aggregate = ?", partition, stream.category.description,
                stream.aggregate)
        }
        for (stream, place) in next where held[stream] != place {
            try db.execute(
                "INSERT OR REPLACE INTO eventhorizon_held VALUES (?, ?, ?, ?, ?, ?)", partition, stream.category.description, stream.aggregate,
                Int64(bitPattern: place.first.rawValue), Int64(bitPattern: place.last.rawValue), place.isParked)
        }
    }
}

extension Checkpoint {
    fileprivate func holding(_ held: [StreamID: HeldStream]) -> Checkpoint { Checkpoint(incarnation: incarnation, position: position, held: held) }
}

public import EventHorizon

/// A transaction of a SQLite file. Statements are literals: nothing is interpolated, and each is prepared once.
public typealias SQLiteTransaction = StoreTransaction<SQLite>

extension StoreTransaction where Store == SQLite {
    /// Runs one statement to its end.
    ///
    ///     try db.execute("UPDATE invitation SET status = ? WHERE id = ?", "accepted", event.aggregate)
    ///
    /// - Returns: How many rows an INSERT, UPDATE or DELETE touched; of other statements it says nothing.
    /// - Throws: `SQLiteError`.
    @inlinable
    @discardableResult
    public func execute<each Value: SQLiteValue>(_ sql: StaticString, _ values: repeat each Value) throws -> Int {
        let statement = try connection.statement(sql)
        var bound: Int32 = 0
        for value in repeat each values {
            bound += 1
            try value.bind(to: statement, at: bound)
        }
        return try statement.run(bound: bound)
    }

    /// Every row of a query.
    ///
    ///     let rows = try db.rows("SELECT name, status FROM invitation WHERE list = ?", list)
    ///     let names = try rows.map { try $0["name", as: String.self] }
    ///
    /// - Throws: `SQLiteError`.
    @inlinable
    public func rows<each Value: SQLiteValue>(_ sql: StaticString, _ values: repeat each Value) throws -> [SQLiteRow] {
        let statement = try connection.statement(sql)
        var bound: Int32 = 0
        for value in repeat each values {
            bound += 1
            try value.bind(to: statement, at: bound)
        }
        var rows: [SQLiteRow] = []
        try statement.query(bound: bound) { row in
            rows.append(row)
            return true
        }
        return rows
    }

    /// The first row of a query; nil where there is none.
    /// - Throws: `SQLiteError`.
    @inlinable
    public func row<each Value: SQLiteValue>(_ sql: StaticString, _ values: repeat each Value) throws -> SQLiteRow? {
        let statement = try connection.statement(sql)
        var bound: Int32 = 0
        for value in repeat each values {
            bound += 1
            try value.bind(to: statement, at: bound)
        }
        var first: SQLiteRow?
        try statement.query(bound: bound) { row in
            first = row
            return false
        }
        return first
    }

    /// Gives each row of a query to `body` as it is read: for results that are not to be held at once. `body` may use the transaction, the same
    /// statement too.
    /// - Throws: `SQLiteError`, or what `body` throws.
    @inlinable
    public func forEach<each Value: SQLiteValue>(_ sql: StaticString, _ values: repeat each Value, body: (SQLiteRow) throws -> Void) throws {
        let statement = try connection.statement(sql)
        var bound: Int32 = 0
        for value in repeat each values {
            bound += 1
            try value.bind(to: statement, at: bound)
        }
        try statement.query(bound: bound) { row in
            try body(row)
            return true
        }
    }
}

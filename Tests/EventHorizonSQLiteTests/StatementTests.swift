import EventHorizon
import EventHorizonSQLite
import Testing

@Suite struct Statements {
    private func withTransaction(_ body: (borrowing SQLiteTransaction) throws -> Void) throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        try store.write(Tally.id, moving: [], body)
    }

    @Test func a_statement_says_how_many_rows_it_touched() throws {
        try withTransaction { db throws in
            #expect(try db.execute("INSERT INTO tally VALUES ('a', 1), ('b', 2)") == 2)
            #expect(try db.execute("UPDATE tally SET visits = 3 WHERE id = ?", "nobody") == 0)
        }
    }

    @Test func the_same_literal_within_its_own_loop_reads_on_undisturbed() throws {
        try withTransaction { db throws in
            for id in ["a", "b", "c"] { try db.execute("INSERT INTO tally VALUES (?, 1)", id) }
            func ids(above id: String, _ depth: Int, _ db: borrowing SQLiteTransaction) throws -> [String] {
                var seen: [String] = []
                try db.forEach("SELECT id FROM tally WHERE id > ? ORDER BY id", id) { row in
                    seen.append(try row[0])
                    if depth > 0 { seen += try ids(above: try row[0], depth - 1, db) }
                }
                return seen
            }
            for _ in 0..<3 { #expect(try ids(above: "", 2, db) == ["a", "b", "c", "c", "b", "c", "c"]) }
        }
    }

    @Test func an_error_leaves_the_statement_clean() throws {
        try withTransaction { db throws in
            func insert(_ id: String?, _ visits: Int?, _ db: borrowing SQLiteTransaction) throws {
                try db.execute("INSERT INTO tally VALUES (?, ?)", id, visits)
            }
            try insert("a", 1, db)
            let error = #expect(throws: SQLiteError.self) { try insert("a", 2, db) }
            #expect(error?.code.primary == .constraint)
            #expect(error?.isRetriable == false)
            #expect(error?.description.contains("UNIQUE constraint failed: tally.id, in \"INSERT INTO tally VALUES (?, ?)\"") == true)
            try insert("b", 3, db)
            #expect(throws: Interrupted()) { try db.forEach("SELECT id FROM tally") { _ in throw Interrupted() } }
            #expect(try db.rows("SELECT id, visits FROM tally ORDER BY id") == [["a", 1], ["b", 3]])
        }
    }

    @Test func misuse_is_told_in_sentences() throws {
        try withTransaction { db throws in
            func message(_ body: () throws -> Void) -> String { (#expect(throws: SQLiteError.self, performing: body))?.description ?? "" }
            #expect(message { try db.execute("SELECT ?, ?", 1) }.contains("the statement takes 2 value(s), given: 1"))
            #expect(message { try db.execute("SELECT ?", 1, 2) }.contains("the statement takes 1 value(s), given: at least 2"))
            #expect(message { try db.execute("SELECT 1; SELECT 2") }.contains("more than one statement"))
            #expect(message { try db.execute("  ") }.contains("the text holds no statement"))
            #expect(message { try db.execute("SELECT nowhere") }.contains("no such column: nowhere, in \"SELECT nowhere\""))
            try db.execute("SELECT 1 ; ")
        }
    }

    @Test func a_statement_follows_a_changed_schema() throws {
        try withTransaction { db throws in
            try db.execute("INSERT INTO tally VALUES ('a', 1)")
            func all(_ db: borrowing SQLiteTransaction) throws -> [SQLiteRow] { try db.rows("SELECT * FROM tally") }
            #expect(try all(db).first?.columns == ["id", "visits"])
            try db.execute("ALTER TABLE tally ADD COLUMN since INTEGER")
            #expect(try all(db) == [["a", 1, nil]])
            #expect(try all(db).first?.columns == ["id", "visits", "since"])
        }
    }
}

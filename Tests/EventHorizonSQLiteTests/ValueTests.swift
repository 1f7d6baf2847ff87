import EventHorizon
import EventHorizonSQLite
import Testing

@Suite struct Values {
    enum Status: String, SQLiteValue { case accepted, declined }
    enum Floor: Int, SQLiteValue { case ground, first }

    private func withTransaction(_ body: (borrowing SQLiteTransaction) throws -> Void) throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        try store.write(Tally.id, moving: [], body)
    }

    private func roundTrip<Value: SQLiteValue & Equatable>(_ values: Value..., at place: SourceLocation = #_sourceLocation) throws {
        try withTransaction { db throws in
            for value in values {
                let row = try #require(try db.row("SELECT ? AS value", value))
                #expect(try row["value", as: Value.self] == value, sourceLocation: place)
                #expect(try row[0, as: Value?.self] == value, sourceLocation: place)
            }
            let none = try #require(try db.row("SELECT ?", Value?.none))
            #expect(try none[0, as: Value?.self] == nil, sourceLocation: place)
            #expect(none == [nil], sourceLocation: place)
        }
    }

    @Test func values_come_back_as_they_went() throws {
        try roundTrip(0, 1, -1, Int.max, Int.min)
        try roundTrip(Int64.max, Int64.min)
        try roundTrip(0.5, -0.0, 1, Double.infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude)
        try roundTrip("", "Athena", "Ἀθηνᾶ 🦉 e\u{301}", "a\0b", "'; DROP TABLE tally; --", String(repeating: "x", count: 100_000))
        try roundTrip(true, false)
        try roundTrip([UInt8](), [0], [0, 255, 0], [UInt8](repeating: 7, count: 100_000))
        try roundTrip(Visit.ID("athena"), Visit.ID(""))
        try roundTrip(Timestamp(nanoseconds: .min), Timestamp(nanoseconds: 0), Timestamp(nanoseconds: .max))
        try roundTrip(Status.accepted, .declined)
        try roundTrip(Floor.first)
    }

    @Test func an_empty_blob_and_an_empty_text_are_not_null() throws {
        try withTransaction { db throws in
            #expect(try db.row("SELECT typeof(?), typeof(?), typeof(?)", "", [UInt8](), String?.none) == ["text", "blob", "null"])
        }
    }

    @Test func what_is_no_number_is_null() throws {
        try withTransaction { db throws in #expect(try db.row("SELECT ?", Double.nan) == [nil]) }
    }

    @Test func a_column_that_holds_something_else_is_an_error_that_names_it() throws {
        try withTransaction { db throws in
            let row = try #require(try db.row("SELECT 'athena' AS name, NULL AS age, 1.5 AS height, 'other' AS status"))
            func message<Value: SQLiteValue>(_ name: String, _: Value.Type) -> String? {
                let error = #expect(throws: SQLiteError.self) { try row[name, as: Value.self] }
                #expect(error?.code == .column)
                return error?.description
            }
            #expect(message("name", Int.self) == "column 0 'name' holds 'athena', which is no Int")
            #expect(message("age", Int.self) == "column 1 'age' holds NULL, which is no Int")
            #expect(message("height", Int.self) == "column 2 'height' holds 1.5, which is no Int")
            #expect(message("status", Status.self) == "column 3 'status' holds 'other', which is no Status")
            #expect(message("weight", Int.self) == "there is no column 'weight', the row has name, age, height, status")
            #expect(throws: SQLiteError.self) { try row[4, as: Int.self] }
            #expect(throws: SQLiteError.self) { try row[-1, as: Int.self] }
            #expect(try row["age", as: Int?.self] == nil)
        }
    }
}

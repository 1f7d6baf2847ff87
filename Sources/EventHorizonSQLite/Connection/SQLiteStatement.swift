internal import CSQLite

/// A statement that takes its values: what `SQLiteValue.bind` writes to. Leaving its scope, by an error too, resets it and forgets its values.
public struct SQLiteStatement: ~Copyable {
    let prepared: PreparedStatement

    init(_ prepared: PreparedStatement) {
        self.prepared = prepared
        prepared.isBusy = true
    }

    deinit {
        sqlite3_reset(prepared.pointer)
        sqlite3_clear_bindings(prepared.pointer)
        prepared.isBusy = false
    }

    public func bind(_ value: Int64, at index: Int32) throws { try check(sqlite3_bind_int64(prepared.pointer, index, value), index) }

    public func bind(_ value: Double, at index: Int32) throws { try check(sqlite3_bind_double(prepared.pointer, index, value), index) }

    public func bind(_ value: String, at index: Int32) throws {
        var value = value
        let code = value.withUTF8 { utf8 in
            guard let start = utf8.baseAddress, !utf8.isEmpty else { return eventhorizon_sqlite_bind_text(prepared.pointer, index, "", 0) }
            return UnsafeRawPointer(start).withMemoryRebound(to: CChar.self, capacity: utf8.count) {
                eventhorizon_sqlite_bind_text(prepared.pointer, index, $0, UInt64(utf8.count))
            }
        }
        try check(code, index)
    }

    public func bind(_ value: [UInt8], at index: Int32) throws {
        // A null pointer would bind NULL, not an empty blob.
        let code =
            value.isEmpty
            ? sqlite3_bind_zeroblob(prepared.pointer, index, 0) : eventhorizon_sqlite_bind_blob(prepared.pointer, index, value, UInt64(value.count))
        try check(code, index)
    }

    public func bindNull(at index: Int32) throws { try check(sqlite3_bind_null(prepared.pointer, index), index) }

    private func check(_ code: Int32, _ index: Int32) throws {
        guard code != SQLITE_OK else { return }
        guard code != SQLITE_RANGE else { throw wrongCount("at least \(index)") }
        throw prepared.error(code)
    }

    private func wrongCount(_ given: String) -> SQLiteError {
        SQLiteError(
            .misuse, "the statement takes \(prepared.parameterCount) value(s), given: \(given)", path: prepared.path,
            sql: sqlite3_sql(prepared.pointer).map { String(cString: $0) })
    }

    /// Runs it to its end; how many rows the last INSERT, UPDATE or DELETE touched.
    @usableFromInline
    func run(bound: Int32) throws -> Int {
        while try step(bound: bound) {}
        return Int(sqlite3_changes64(sqlite3_db_handle(prepared.pointer)))
    }

    /// Gives each row to `body` until it says false.
    @usableFromInline
    func query(bound: Int32, _ body: (SQLiteRow) throws -> Bool) throws {
        guard try step(bound: bound) else { return }
        let columns = prepared.columns
        repeat {
            guard try body(SQLiteRow(cells: columns.indices.map { cell(Int32($0)) }, columns: columns)) else { return }
        } while try step(bound: bound)
    }

    /// Whether there is a row.
    func step(bound: Int32) throws -> Bool {
        guard bound == prepared.parameterCount else { throw wrongCount("\(bound)") }
        switch sqlite3_step(prepared.pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw prepared.error(code)
        }
    }

    func cell(_ column: Int32) -> SQLiteCell {
        let pointer = prepared.pointer
        switch sqlite3_column_type(pointer, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, column))
        case SQLITE_TEXT:
            // The pointer first, then the count: the other way round the count may be that of another encoding.
            let text = sqlite3_column_text(pointer, column)
            return .text(String(decoding: UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(pointer, column))), as: UTF8.self))
        case SQLITE_BLOB:
            let bytes = sqlite3_column_blob(pointer, column)
            return .blob([UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(pointer, column)))))
        default: return .null
        }
    }
}

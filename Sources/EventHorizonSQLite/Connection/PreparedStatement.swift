internal import CSQLite

/// A statement of one connection, prepared once for the literal that it was written as.
final class PreparedStatement {
    let pointer: OpaquePointer
    /// How many values it takes.
    let parameterCount: Int32
    let path: String
    /// Between its first binding and its reset. A busy statement is not handed out again: the same literal within its own loop gets one of its own.
    var isBusy = false
    /// The names of its columns; read once a query, because `SELECT *` changes with the schema.
    var columns: [String] {
        (0..<sqlite3_column_count(pointer)).map { index in sqlite3_column_name(pointer, index).map { String(cString: $0) } ?? "" }
    }

    init(_ pointer: OpaquePointer, path: String) {
        self.pointer = pointer
        self.path = path
        parameterCount = sqlite3_bind_parameter_count(pointer)
    }

    deinit { sqlite3_finalize(pointer) }

    /// Must be called before the reset, which forgets the message.
    func error(_ code: Int32) -> SQLiteError {
        let handle = sqlite3_db_handle(pointer)
        let extended = sqlite3_extended_errcode(handle)
        let isReading = sqlite3_db_readonly(handle, "main") == 0 && code & 0xFF == SQLITE_READONLY
        return SQLiteError(
            SQLiteError.Code(rawValue: extended & 0xFF == code & 0xFF ? extended : code), String(cString: sqlite3_errmsg(handle)), path: path,
            sql: sqlite3_sql(pointer).map { String(cString: $0) },
            remedy: isReading ? "a read model is written by its projector alone, in its transaction" : nil)
    }
}

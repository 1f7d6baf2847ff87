internal import CSQLite

/// One connection to one file, with its prepared statements. It has no members for others: a projector uses its `SQLiteTransaction`.
///
/// Opened without SQLite's own mutex: whoever holds it uses it from one thread at a time.
public final class SQLiteConnection {
    /// How long a statement waits for another connection's transaction.
    static let busyMilliseconds: Int32 = 5_000

    enum Purpose { case writing, reading }

    let path: String
    private let handle: OpaquePointer
    /// By the literal's address: a literal's text never changes, and looking it up compares no characters.
    private var statements: [UInt: PreparedStatement] = [:]
    /// Its transaction could not be ended: it must not be used again.
    private(set) var isBroken = false

    /// Opens the file; only a writer may create it.
    init(path: String, for purpose: Purpose, creating: Bool = false) throws {
        self.path = path
        var handle: OpaquePointer?
        // A reader opens for writing too: it has to create the shared memory of the write-ahead log where it comes first.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (creating ? SQLITE_OPEN_CREATE : 0)
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard let handle else { throw SQLiteError(.init(rawValue: SQLITE_NOMEM), "there is no memory for a connection", path: path) }
        self.handle = handle
        guard code == SQLITE_OK else { throw error(code) }
        sqlite3_busy_timeout(handle, Self.busyMilliseconds)
        if purpose == .reading { try control("PRAGMA query_only = ON") }
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(handle)
    }

    /// The file is a write-ahead log's from now on. Two connections that want this at once are not kept waiting by SQLite, so this waits itself.
    func useWriteAheadLog(isDurable: Bool) throws {
        let pause: Int32 = 5
        var waited: Int32 = 0
        while true {
            do {
                let mode = try query("PRAGMA journal_mode = WAL").first?.cells.first
                guard mode == "wal" else {
                    throw SQLiteError(
                        .cannotOpen, "the file system has no write-ahead log for SQLite, the journal stays \(mode?.description ?? "as it was")",
                        path: path,
                        remedy: "keep read models on a local disk")
                }
                break
            } catch let error as SQLiteError where error.code.primary == .busy && waited < Self.busyMilliseconds {
                waited += sqlite3_sleep(pause)
            }
        }
        try control(isDurable ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = OFF")
    }

    // MARK: Transactions

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Commits when `body` returns, rolls back when it throws.
    func transaction<Value>(_ begin: StaticString, _ body: () throws -> Value) throws -> Value {
        try control(begin)
        do {
            let value = try body()
            // SQLite rolls back by itself on a full disk and the like: a body that hides that error must not seem to have succeeded.
            guard isInTransaction else { throw transactionEnded() }
            try control("COMMIT")
            return value
        } catch {
            if isInTransaction {
                do { try control("ROLLBACK") } catch { isBroken = true }
            }
            throw error
        }
    }

    private func transactionEnded() -> SQLiteError {
        SQLiteError(
            .transactionEnded, "the transaction has ended before its closure", path: path,
            remedy: "let SQLite's errors out of the closure, and use the transaction inside it only")
    }

    // MARK: Statements

    /// A statement inside the transaction.
    @usableFromInline
    func statement(_ sql: StaticString) throws -> SQLiteStatement {
        guard isInTransaction else { throw transactionEnded() }
        return try prepared(sql, isOwn: false)
    }

    /// Begins, ends and sets up: not for authors.
    func control(_ sql: StaticString) throws { _ = try prepared(sql, isOwn: true).run(bound: 0) }

    func query(_ sql: StaticString) throws -> [SQLiteRow] {
        var rows: [SQLiteRow] = []
        try prepared(sql, isOwn: true).query(bound: 0) { row in
            rows.append(row)
            return true
        }
        return rows
    }

    private func prepared(_ sql: StaticString, isOwn: Bool) throws -> SQLiteStatement {
        guard sql.hasPointerRepresentation else { throw SQLiteError(.misuse, "a statement is more than one character", path: path) }
        let key = UInt(bitPattern: sql.utf8Start)
        let known = statements[key]
        if let known, !known.isBusy { return SQLiteStatement(known) }
        let fresh = try compile(sql, isOwn: isOwn)
        if known == nil { statements[key] = fresh }
        return SQLiteStatement(fresh)
    }

    private func compile(_ sql: StaticString, isOwn: Bool) throws -> PreparedStatement {
        func misuse(_ message: String) -> SQLiteError { SQLiteError(.misuse, message, path: path, sql: "\(sql)") }
        let utf8 = UnsafeBufferPointer(start: sql.utf8Start, count: sql.utf8CodeUnitCount)
        if !isOwn, ["BEGIN", "COMMIT", "END", "ROLLBACK"].contains(firstWord(utf8)) {
            throw misuse("the closure is the transaction: it commits when the closure returns and rolls back when it throws")
        }
        return try UnsafeRawPointer(sql.utf8Start).withMemoryRebound(to: CChar.self, capacity: utf8.count) { text in
            var pointer: OpaquePointer?
            var rest: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v3(handle, text, Int32(utf8.count), UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, &rest)
            guard code == SQLITE_OK else { throw error(code, sql: "\(sql)") }
            guard let pointer else { throw misuse("the text holds no statement") }
            let statement = PreparedStatement(pointer, path: path)
            if let rest, utf8[(rest - text)...].contains(where: { !($0 == UInt8(ascii: ";") || isSpace($0)) }) {
                throw misuse("the text holds more than one statement: run each by a call of its own")
            }
            return statement
        }
    }

    private func error(_ code: Int32, sql: String? = nil) -> SQLiteError {
        SQLiteError(SQLiteError.Code(rawValue: code), String(cString: sqlite3_errmsg(handle)), path: path, sql: sql)
    }
}

private func isSpace(_ character: UInt8) -> Bool { character == 32 || (9...13).contains(character) }

private func firstWord(_ sql: UnsafeBufferPointer<UInt8>) -> String {
    let word = sql.drop { isSpace($0) }.prefix { ($0 | 32) >= 97 && ($0 | 32) <= 122 }
    return String(decoding: word.map { $0 & 0xDF }, as: UTF8.self)
}

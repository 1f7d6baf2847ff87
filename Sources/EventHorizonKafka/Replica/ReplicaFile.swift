#if Kafka
import CSQLite
import EventHorizon
import EventHorizonWire
import Glibc

/// The commits of one partition's handled categories, as they lie in the events log, in a SQLite file that one process at a time has open.
///
/// Nothing is only here: a file that is missing, of another log, or of other categories begins anew. Used by one thread.
final class ReplicaFile {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Whose copy it is: another one is of no use.
    struct Identity: Equatable {
        var application: String
        var group: String
        var partition: Int
        var incarnation: UInt64
        var categories: [String]

        var text: String { "1/\(application)/\(partition)/\(incarnation)/\(group)/\(categories.joined(separator: ","))" }
    }

    let path: String
    private let database: OpaquePointer
    private var insert: OpaquePointer?
    private var after: OpaquePointer?
    private var last: OpaquePointer?
    private var moves: OpaquePointer?
    /// The offset from which the log is to be read on.
    private(set) var next: Int64 = 0
    private var storedNext: Int64 = 0
    private var uncommitted = 0
    private var isInTransaction = false
    /// At most so many commits are read again after a crash.
    private static let rowsPerTransaction = 1_000

    /// Opens the partition's file in the folder, the first of its names that no other process has open.
    /// - Throws: `Failure`, which names the file and the remedy.
    static func open(folder: String, _ identity: Identity) throws -> ReplicaFile {
        try makeFolder(folder)
        let group = identity.group.utf8.map { isPlain($0) ? String(UnicodeScalar($0)) : "%\(String($0, radix: 16))" }.joined()
        for number in 0..<64 {
            let name = "\(identity.application).\(group.prefix(180)).\(identity.partition)\(number == 0 ? "" : ".\(number)").replica"
            let path = "\(folder)/\(name)"
            do {
                if let file = try ReplicaFile(path: path, identity) { return file }
            } catch {
                // What is broken is a copy: another is made, if the place allows it.
                for ending in ["", "-wal", "-shm", "-journal"] { unlink(path + ending) }
                if let file = try ReplicaFile(path: path, identity) { return file }
            }
        }
        throw Failure(
            description: "the replicas in '\(folder)' are all in use by other processes: give this worker a folder of its own (--replica-folder)")
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func makeFolder(_ folder: String) throws {
        var path = folder.hasPrefix("/") ? "" : "."
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw Failure(
                    description:
                        "the folder of the replicas '\(folder)' cannot be made (\(String(cString: strerror(errno)))): name another (--replica-folder)"
                )
            }
        }
    }

    /// Nil where another process has it open.
    private init?(path: String, _ identity: Identity) throws {
        self.path = path
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let status = sqlite3_open_v2(path, &opened, flags, nil)
        guard status == SQLITE_OK, let opened else {
            let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close(opened)
            throw Failure(
                description: "the replica '\(path)' cannot be opened (\(reason)): look at the folder's rights, or name another (--replica-folder)")
        }
        database = opened
        do {
            guard try lock() else {
                close()
                return nil
            }
            if try readIdentity() != identity.text { try begin(identity) }
            try prepare()
        } catch {
            close()
            throw error
        }
    }

    /// Makes the file this process's own; false where another has it.
    private func lock() throws -> Bool {
        try run("PRAGMA locking_mode=EXCLUSIVE")
        let status = sqlite3_exec(database, "PRAGMA journal_mode=WAL; BEGIN IMMEDIATE; COMMIT", nil, nil, nil)
        if status == SQLITE_BUSY || status == SQLITE_LOCKED { return false }
        guard status == SQLITE_OK else { throw failure("locked") }
        try run("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4096; PRAGMA wal_autocheckpoint=2000; PRAGMA temp_store=MEMORY")
        return true
    }

    private func readIdentity() throws -> String? {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_prepare_v2(database, "SELECT identity, next FROM replica", -1, &statement, nil) == SQLITE_OK else { return nil }
        guard sqlite3_step(statement) == SQLITE_ROW, let text = sqlite3_column_text(statement, 0) else { return nil }
        next = sqlite3_column_int64(statement, 1)
        storedNext = next
        return String(cString: text)
    }

    private func begin(_ identity: Identity) throws {
        next = 0
        storedNext = 0
        try run(
            """
            BEGIN IMMEDIATE;
            DROP TABLE IF EXISTS commits; DROP TABLE IF EXISTS replica;
            CREATE TABLE commits(position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, record BLOB NOT NULL);
            CREATE INDEX by_stream ON commits(stream, position);
            CREATE TABLE replica(identity TEXT NOT NULL, next INTEGER NOT NULL);
            COMMIT;
            """)
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        try check(sqlite3_prepare_v2(database, "INSERT INTO replica VALUES(?, 0)", -1, &statement, nil))
        let text = identity.text
        try check(eventhorizon_sqlite_bind_text(statement, 1, text, sqlite3_uint64(text.utf8.count)))
        guard sqlite3_step(statement) == SQLITE_DONE else { throw failure("written") }
    }

    private func prepare() throws {
        func prepare(_ sql: String) throws -> OpaquePointer? {
            var statement: OpaquePointer?
            try check(sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
            return statement
        }
        insert = try prepare("INSERT OR REPLACE INTO commits VALUES(?, ?, ?)")
        after = try prepare("SELECT position, record FROM commits WHERE stream = ? AND position > ? ORDER BY position")
        last = try prepare("SELECT position, record FROM commits WHERE stream = ? ORDER BY position DESC")
        moves = try prepare("UPDATE replica SET next = ?")
    }

    // MARK: Writing

    /// Adds a record at an offset; what was before it in the log is here.
    func add(_ record: UnsafeRawBufferPointer, of stream: StreamID, at offset: Int64) throws {
        if !isInTransaction {
            try run("BEGIN IMMEDIATE")
            isInTransaction = true
        }
        sqlite3_bind_int64(insert, 1, offset + 1)
        sqlite3_bind_int64(insert, 2, Self.key(of: stream))
        // Read before the call returns.
        try check(sqlite3_bind_blob64(insert, 3, record.baseAddress, sqlite3_uint64(record.count), nil))
        let status = sqlite3_step(insert)
        sqlite3_reset(insert)
        sqlite3_clear_bindings(insert)
        guard status == SQLITE_DONE else { throw failure("written") }
        next = max(next, offset + 1)
        uncommitted += 1
        if uncommitted >= Self.rowsPerTransaction { try commit() }
    }

    /// Nothing of the handled categories lies before this offset that is not here.
    func advance(to offset: Int64) { next = max(next, offset) }

    func commit() throws {
        guard isInTransaction || next != storedNext else { return }
        if !isInTransaction { try run("BEGIN IMMEDIATE") }
        isInTransaction = true
        sqlite3_bind_int64(moves, 1, next)
        let status = sqlite3_step(moves)
        sqlite3_reset(moves)
        guard status == SQLITE_DONE else { throw failure("written") }
        try run("COMMIT")
        isInTransaction = false
        uncommitted = 0
        storedNext = next
    }

    // MARK: Reading

    /// A stream's commits after a position, in order.
    func commits(of stream: StreamID, after position: Position, codec: WireCodec) throws -> [StoredCommit] {
        sqlite3_bind_int64(after, 1, Self.key(of: stream))
        sqlite3_bind_int64(after, 2, Int64(clamping: position.rawValue))
        defer { sqlite3_reset(after) }
        var commits: [StoredCommit] = []
        while let stored = try step(after, codec) { if stored.commit.stream == stream { commits.append(stored) } }
        return commits
    }

    /// A stream's first commit after a position.
    func first(of stream: StreamID, after position: Position, codec: WireCodec) throws -> StoredCommit? {
        sqlite3_bind_int64(after, 1, Self.key(of: stream))
        sqlite3_bind_int64(after, 2, Int64(clamping: position.rawValue))
        defer { sqlite3_reset(after) }
        while let stored = try step(after, codec) { if stored.commit.stream == stream { return stored } }
        return nil
    }

    /// A stream's last commit.
    func last(of stream: StreamID, codec: WireCodec) throws -> StoredCommit? {
        sqlite3_bind_int64(last, 1, Self.key(of: stream))
        defer { sqlite3_reset(last) }
        while let stored = try step(last, codec) { if stored.commit.stream == stream { return stored } }
        return nil
    }

    private func step(_ statement: OpaquePointer?, _ codec: WireCodec) throws -> StoredCommit? {
        switch sqlite3_step(statement) {
        case SQLITE_DONE: return nil
        case SQLITE_ROW:
            let bytes = UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, 1), count: Int(sqlite3_column_bytes(statement, 1)))
            return StoredCommit(commit: try codec.decodeCommit(bytes), position: Position(UInt64(sqlite3_column_int64(statement, 0))))
        default: throw failure("read")
        }
    }

    /// Two streams may share one: whoever reads compares the stream itself.
    private static func key(of stream: StreamID) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func mix(_ text: String) {
            var text = text
            text.withUTF8 { for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
        }
        mix(stream.category.description)
        hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        mix(stream.aggregate)
        return Int64(bitPattern: hash)
    }

    // MARK: Ending

    private var isClosed = false

    func close() {
        guard !isClosed else { return }
        isClosed = true
        try? commit()
        for statement in [insert, after, last, moves] { sqlite3_finalize(statement) }
        sqlite3_close(database)
    }

    private func run(_ sql: String) throws { try check(sqlite3_exec(database, sql, nil, nil, nil)) }

    private func check(_ status: Int32) throws { guard status == SQLITE_OK else { throw failure("used") } }

    private func failure(_ what: String) -> Failure {
        Failure(
            description:
                "the replica '\(path)' cannot be \(what) (\(String(cString: sqlite3_errmsg(database)))): look at the disk, or remove the file: it is "
                + "built anew from the events")
    }
}
#endif

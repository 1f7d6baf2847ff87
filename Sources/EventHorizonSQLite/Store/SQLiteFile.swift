internal import EventHorizon
internal import Synchronization

/// One projection's file: a writer that its callers take in turn, and the readers that are idle.
final class SQLiteFile: Sendable {
    /// Unchecked: a connection belongs to one call at a time, the writer's while it holds the lock, a reader's while it is not in the list; and a
    /// transaction, being borrowed, cannot outlive its closure.
    private struct Opened: @unchecked Sendable {
        let connection: SQLiteConnection
        /// The file that it was opened on.
        let mark: Folder.Mark
    }

    /// Readers kept open for the next reading.
    private static let idleReaders = 4

    let path: String
    private let folder: String
    private let projection: ProjectionID
    private let isDurable: Bool
    private let writer = Mutex<Opened?>(nil)
    private let readers = Mutex<[Opened]>([])

    init(of projection: ProjectionID, in folder: String, isDurable: Bool) throws {
        let name = "\(projection)"
        let isSafe = name.utf8.allSatisfy { byte in
            (97...122).contains(byte | 32) || (48...57).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
        }
        guard isSafe, !projection.name.isEmpty, !projection.name.hasPrefix("."), name.utf8.count <= 200 else {
            throw Misconfiguration(
                "the projector's name '\(projection.name)' cannot be a file's: "
                    + "use letters, digits, '-', '_' and '.', at most 200 of them, the first not a '.'")
        }
        self.projection = projection
        self.folder = folder
        self.isDurable = isDurable
        path = "\(folder)/\(name).sqlite"
    }

    // MARK: Writing

    func prepare(schema: (borrowing SQLiteTransaction) throws -> Void) throws -> String {
        try Folder.make(folder)
        do {
            return try withWriter(creating: true) { connection in
                try connection.transaction("BEGIN IMMEDIATE") {
                    if let identity = try identity(in: connection) { return identity }
                    guard try connection.query("SELECT name FROM sqlite_schema LIMIT 1").isEmpty else {
                        throw Misconfiguration("\(path) holds tables that are not of Event Horizon: move the file away or choose another folder")
                    }
                    let identity = try connection.createTables(for: projection)
                    try schema(StoreTransaction(connection: connection))
                    return identity
                }
            }
        } catch let error as SQLiteError where error.needsAPerson {
            throw Misconfiguration(error.description)
        }
    }

    func write(moving moves: [CheckpointMove], _ body: (borrowing SQLiteTransaction) throws -> Void) throws {
        try withWriter(creating: false) { connection in
            try connection.transaction("BEGIN IMMEDIATE") {
                for move in moves { try connection.move(move) }
                try body(StoreTransaction(connection: connection))
            }
        }
    }

    private func withWriter<Value>(creating: Bool, _ body: (SQLiteConnection) throws -> Value) throws -> Value {
        try writer.withLock { opened in
            let mark = Folder.Mark(path)
            if let known = opened, known.mark != mark {
                opened = nil
                // A worker that goes on would write from its old checkpoint into rows that are not there.
                if !creating {
                    throw SQLiteError(.fileReplaced, "the file was removed or replaced while it was open", path: path, remedy: "restart the worker")
                }
            }
            let connection = try opened?.connection ?? openWriter(creating: creating, mark)
            guard let mark = mark ?? Folder.Mark(path) else { throw ReadModelError.missing(projection) }
            let current = Opened(connection: connection, mark: mark)
            opened = current
            defer { if current.connection.isBroken { opened = nil } }
            // What the body makes goes to the caller of this very call, in its own isolation.
            nonisolated(unsafe) let value = try body(current.connection)
            return value
        }
    }

    private func openWriter(creating: Bool, _ mark: Folder.Mark?) throws -> SQLiteConnection {
        guard creating || mark != nil else { throw ReadModelError.missing(projection) }
        let connection = try SQLiteConnection(path: path, for: .writing, creating: creating)
        try connection.useWriteAheadLog(isDurable: isDurable)
        guard try creating || identity(in: connection) != nil else { throw ReadModelError.missing(projection) }
        return connection
    }

    // MARK: Reading

    func snapshot<Value>(_ body: (borrowing SQLiteTransaction, [Int: Checkpoint]) throws -> Value) throws -> Value {
        let opened = try takeReader()
        defer { giveBack(opened) }
        // The value leaves by a variable: the optimiser of Swift 6.3.1 crashes on a closure that makes a transaction and returns a generic value.
        var value: Value?
        try opened.connection.transaction("BEGIN DEFERRED") {
            let checkpoints = try opened.connection.checkpoints()
            value = try body(StoreTransaction(connection: opened.connection), checkpoints)
        }
        guard let value else { throw ReadModelError.missing(projection) }
        return value
    }

    private func takeReader() throws -> Opened {
        guard let mark = Folder.Mark(path) else { throw ReadModelError.missing(projection) }
        let idle = readers.withLock { readers in
            // A file that was made anew under the same name is read anew.
            readers.removeAll { $0.mark != mark }
            return readers.popLast()
        }
        if let idle { return idle }
        let connection = try SQLiteConnection(path: path, for: .reading)
        guard try identity(in: connection) != nil else { throw ReadModelError.missing(projection) }
        return Opened(connection: connection, mark: mark)
    }

    private func giveBack(_ opened: Opened) {
        guard !opened.connection.isBroken else { return }
        readers.withLock { if $0.count < Self.idleReaders { $0.append(opened) } }
    }

    /// The file's identity; nil where nobody has prepared it.
    private func identity(in connection: SQLiteConnection) throws -> String? {
        guard let record = try connection.storeRecord() else { return nil }
        guard record.format == SQLiteConnection.format else {
            let remedy = record.format > SQLiteConnection.format ? "deploy a newer build" : "move it away, it is made anew from the log"
            throw Misconfiguration("\(path) has format \(record.format), this build knows \(SQLiteConnection.format): \(remedy)")
        }
        guard record.projection == "\(projection)" else {
            throw Misconfiguration(
                "\(path) is the file of projection '\(record.projection)', not of '\(projection)': move it away, it is made anew from the log")
        }
        return record.identity
    }
}

extension SQLiteError {
    /// Trying again does not help: somebody has to change the file or its folder.
    fileprivate var needsAPerson: Bool {
        switch code.primary {
        case .readOnly, .corrupt, .notADatabase, .cannotOpen: true
        default: false
        }
    }
}

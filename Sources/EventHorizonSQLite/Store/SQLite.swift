public import EventHorizon
internal import Synchronization

/// Read models in SQLite: a folder with one file for each projection, `<folder>/<name>-v<version>.sqlite`.
///
/// **Durability.** Rows and checkpoint are one transaction of a write-ahead log with `synchronous = NORMAL`: what is committed survives a killed
/// process always. After a loss of power the last transactions may be gone, each together with its checkpoint, so that its events are projected
/// again.
///
/// **Threads and processes.** Safe to use from several of each, on one host: SQLite's locks do not work over a network's file system. Writers of one
/// file wait for each other, at most 5 s between processes; readers see the moment at which they began and never keep a writer waiting.
public final class SQLite: ReadModelStore {
    public typealias Connection = SQLiteConnection

    public let folder: String
    private let isTemporary: Bool
    private let files = Mutex<[ProjectionID: SQLiteFile]>([:])

    /// Nothing is opened yet; the folder is made by the first `prepare`.
    public convenience init(folder: String) { self.init(folder: folder, isTemporary: false) }

    private init(folder: String, isTemporary: Bool) {
        self.folder = folder
        self.isTemporary = isTemporary
    }

    /// A store in a new folder of the system's temporary one, removed with the last reference.
    public static func temporary() throws -> SQLite { SQLite(folder: try Folder.makeTemporary(), isTemporary: true) }

    deinit {
        guard isTemporary else { return }
        let paths = files.withLock { files in
            defer { files.removeAll() }
            return files.values.map(\.path)
        }
        Folder.remove(folder, databases: paths)
    }

    /// - Throws: `Misconfiguration` where the file cannot be used as it is: another projection's, damaged, not to be written. `SQLiteError`, or what
    ///   `schema` throws; then nothing of it is stored.
    public func prepare(_ projection: ProjectionID, schema: (borrowing SQLiteTransaction) throws -> Void) throws -> String? {
        try file(of: projection).prepare(schema: schema)
    }

    /// - Throws: `ReadModelError.missing` where no worker has prepared the projection, or `SQLiteError`.
    public func checkpoints(of projection: ProjectionID) throws -> [Int: Checkpoint] {
        try snapshot(of: projection) { _, checkpoints in checkpoints }
    }

    /// `body` must not write to the same projection through the store: the transaction that it is given is the only one.
    /// - Throws: `CheckpointConflict`, `ReadModelError.missing`, `SQLiteError`, or what `body` throws.
    public func write(_ projection: ProjectionID, moving moves: [CheckpointMove], _ body: (borrowing SQLiteTransaction) throws -> Void) throws {
        try file(of: projection).write(moving: moves, body)
    }

    /// `body` cannot write: its connection is for queries only.
    /// - Throws: `ReadModelError.missing`, `SQLiteError`, or what `body` throws.
    public func snapshot<Value>(
        of projection: ProjectionID, _ body: (borrowing SQLiteTransaction, [Int: Checkpoint]) throws -> Value
    ) throws -> Value {
        try file(of: projection).snapshot(body)
    }

    private func file(of projection: ProjectionID) throws -> SQLiteFile {
        try files.withLock { files in
            if let file = files[projection] { return file }
            let file = try SQLiteFile(of: projection, in: folder, isDurable: !isTemporary)
            files[projection] = file
            return file
        }
    }
}

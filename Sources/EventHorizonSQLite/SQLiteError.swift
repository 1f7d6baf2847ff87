internal import CSQLite
public import EventHorizon

/// What went wrong in a SQLite file. Thrown inside a transaction it undoes all of that transaction.
public struct SQLiteError: RetriableError, Sendable, CustomStringConvertible {
    /// SQLite's extended result code, or one of this module's own, which are negative. A closed set is never promised.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// The code without its extension: what kind of failure it is.
        public var primary: Code { rawValue < 0 ? self : Code(rawValue: rawValue & 0xFF) }

        /// Another connection wrote for longer than this one waits.
        public static let busy = Code(rawValue: SQLITE_BUSY)
        /// A write through a connection that only reads, or to a file that this user may not write.
        public static let readOnly = Code(rawValue: SQLITE_READONLY)
        /// A constraint of the schema said no.
        public static let constraint = Code(rawValue: SQLITE_CONSTRAINT)
        public static let corrupt = Code(rawValue: SQLITE_CORRUPT)
        public static let notADatabase = Code(rawValue: SQLITE_NOTADB)
        public static let diskFull = Code(rawValue: SQLITE_FULL)
        public static let cannotOpen = Code(rawValue: SQLITE_CANTOPEN)
        /// A statement that this module does not run: the wrong count of values, two statements in one text, a transaction of one's own.
        public static let misuse = Code(rawValue: -1)
        /// A column that is not there, or does not hold what was asked for.
        public static let column = Code(rawValue: -2)
        /// The transaction had ended before its closure did.
        public static let transactionEnded = Code(rawValue: -3)
        /// The file was removed or replaced while it was open.
        public static let fileReplaced = Code(rawValue: -4)
    }

    public let code: Code
    /// SQLite's own words, or this module's.
    public let message: String
    /// The file; empty where the error concerns a row that was read before.
    public let path: String
    /// The statement, without its values; nil where none was at fault.
    public let sql: String?
    /// What a person can do; empty where the message says it.
    let remedy: String

    init(_ code: Code, _ message: String, path: String = "", sql: String? = nil, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.sql = sql
        self.remedy = remedy ?? code.remedy
    }

    /// Whether the same transaction may succeed later, unchanged: another connection holds the file, or the machine lacks disk or memory for now.
    public var isRetriable: Bool {
        switch code.primary.rawValue {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM: true
        default: false
        }
    }

    public var description: String {
        var text = path.isEmpty ? message : "\(path): \(message)"
        if let sql { text += ", in \"\(sql)\"" }
        if code.rawValue > 0 { text += " (SQLite code \(code.rawValue))" }
        if !remedy.isEmpty { text += ": \(remedy)" }
        return text
    }
}

extension SQLiteError.Code {
    var remedy: String {
        switch primary.rawValue {
        case SQLITE_BUSY, SQLITE_LOCKED:
            "another connection held the file for longer than \(SQLiteConnection.busyMilliseconds) ms: end the tool that keeps a transaction open"
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: "let this user write the file and its folder"
        case SQLITE_FULL: "free space on the disk, nothing of the transaction was stored"
        case SQLITE_IOERR: "look at the disk and the system's log, nothing of the transaction was stored"
        case SQLITE_CANTOPEN: "look whether the folder is there and this user may read and write it"
        case SQLITE_CORRUPT, SQLITE_NOTADB: "move the file away and restart its projector, which makes it anew from the log"
        default: ""
        }
    }
}

internal import EventHorizon
internal import Glibc

/// The few calls on folders that a store needs.
enum Folder {
    /// Makes the folder and those above it.
    static func make(_ path: String) throws {
        if mkdir(path, 0o777) == 0 { return }
        switch errno {
        case EEXIST: return
        case ENOENT:
            let above = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            guard !above.isEmpty, above != path else { throw failure(path) }
            try make(above)
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure(path) }
        default: throw failure(path)
        }
    }

    static func makeTemporary() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/eventhorizon-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw failure(parent) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func remove(_ folder: String, databases: [String]) {
        for path in databases {
            for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
        }
        rmdir(folder)
    }

    private static func failure(_ path: String) -> Misconfiguration {
        Misconfiguration(
            "the folder '\(path)' for read models cannot be made (\(String(cString: strerror(errno)))): choose another or let this user write there")
    }

    /// What a path leads to now: another file under the same name has another mark.
    struct Mark: Equatable {
        let device: UInt64
        let inode: UInt64
        /// nil: there is nothing.
        init?(_ path: String) {
            var info = stat()
            guard stat(path, &info) == 0 else { return nil }
            device = UInt64(info.st_dev)
            inode = UInt64(info.st_ino)
        }
    }
}

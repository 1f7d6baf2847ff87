import Glibc
import ServerSupport

/// A process that `run` has started, as written in its record: a line of pid, start and name.
struct Known {
    let name: String
    let identity: ProcessIdentity

    static func read(_ path: String) -> [Known] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var known: [Known] = []
        var line: UnsafeMutablePointer<CChar>?
        var size = 0
        defer { free(line) }
        while getline(&line, &size, file) > 0, let text = line.map({ String(cString: $0) }) {
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count == 3, let pid = Int32(words[0]), let start = UInt64(words[1]) else { continue }
            known.append(Known(name: String(words[2]), identity: ProcessIdentity(pid: pid, start: start)))
        }
        return known
    }

    static func append(_ pid: Int32, _ name: String, to path: String) throws {
        guard let identity = ProcessIdentity(pid) else { throw SupportError("\(name) ended at once") }
        guard let file = fopen(path, "ae") else { throw SupportError("cannot write '\(path)': \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        fputs("\(identity.pid) \(identity.start) \(name)\n", file)
    }
}

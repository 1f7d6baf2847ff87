internal import Glibc

/// A folder that is removed with its last reference, and all that is in it.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// - Throws: `SupportError` when it cannot be made.
    package init(_ name: String) throws {
        var template = Array("\(Self.parent)/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SupportError("cannot make a folder in '\(Self.parent)': \(lastError())") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// `TMPDIR`, or `/tmp`.
    package static var parent: String { Environment["TMPDIR"] ?? "/tmp" }

    /// Makes a folder; one that is there is fine.
    static func make(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SupportError("cannot make the folder '\(path)': \(lastError())") }
    }

    /// Removes a folder with all that is in it; one that is not there is fine.
    package static func remove(_ path: String) {
        // Not through a link: it is removed, not what it leads to.
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        if let folder = opendir(path) {
            var names: [String] = []
            while let entry = readdir(folder) {
                names.append(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
            }
            closedir(folder)
            for name in names where name != "." && name != ".." { remove("\(path)/\(name)") }
        }
        rmdir(path)
    }
}

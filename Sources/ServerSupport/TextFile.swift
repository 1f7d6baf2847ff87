internal import Glibc

/// Small files of text.
package enum TextFile {
    /// - Throws: `SupportError` when it cannot be opened.
    package static func read(_ path: String) throws -> String { try Descriptor.open(path, O_RDONLY).contents() }
}

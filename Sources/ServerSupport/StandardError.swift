internal import Glibc

/// Where a person is told what goes on.
package enum StandardError {
    package static func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}

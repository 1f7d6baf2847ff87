import Glibc
import ServerSupport

/// How much of the process is in memory.
enum ResidentSize {
    /// In bytes.
    static func now() throws -> Int {
        guard let file = fopen("/proc/self/statm", "r") else {
            throw SupportError("/proc/self/statm cannot be read: memory cannot be watched without it")
        }
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 256)
        let count = fread(&line, 1, line.count, file)
        let numbers = line[..<count].split(separator: UInt8(ascii: " "))
        guard numbers.count > 1, let pages = Int(String(decoding: numbers[1], as: UTF8.self)) else {
            throw SupportError("/proc/self/statm says '\(String(decoding: line[..<count], as: UTF8.self))': expected pages as numbers")
        }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}

internal import Glibc

/// A file descriptor that is closed with its last reference. Never inherited by a child unless it is handed over.
final class Descriptor: Sendable {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    deinit { close(number) }

    static func open(_ path: String, _ flags: Int32) throws -> Descriptor {
        let number = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SupportError("cannot open '\(path)': \(lastError())") }
        return Descriptor(number)
    }

    /// A file without a name: gone when nobody has it open.
    static func temporary() throws -> Descriptor {
        let path = "\(TemporaryFolder.parent)/eventhorizon-output-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let file = try open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND)
        unlink(path)
        return file
    }

    /// Two connected sockets: what closes one is seen at the other.
    static func pair() throws -> (Descriptor, Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SupportError("cannot make a pair of sockets: \(lastError())")
        }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// The descriptors of this process that a child would get.
    static var inheritable: [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var numbers: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let number = Int32(name), number != dirfd(folder), fcntl(number, F_GETFD) & FD_CLOEXEC == 0 { numbers.append(number) }
        }
        return numbers
    }

    static func copy(of number: Int32) throws -> Descriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SupportError("cannot copy descriptor \(number): \(lastError())") }
        return Descriptor(copy)
    }

    /// Sends a few bytes over a socket. Its other end may be gone: nobody needs them then.
    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// What a socket gives until its end, its time limit, or so many bytes.
    func received(atMost limit: Int = .max) -> String {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
                let count = recv(number, buffer.baseAddress, min(buffer.count, limit - bytes.count), 0)
                if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
                return count
            }
            if count <= 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The whole file from its beginning, whatever has been read before.
    func contents() -> String {
        var bytes: [UInt8] = []
        var offset = 0
        while true {
            let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 65_536) { buffer in
                let count = pread(number, buffer.baseAddress, buffer.count, offset)
                if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
                return count
            }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            offset += count
        }
    }
}

/// The operating system's words for the last call's failure.
func lastError() -> String { String(cString: strerror(errno)) }

/// A null-terminated array of C strings, for `posix_spawn`.
final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}

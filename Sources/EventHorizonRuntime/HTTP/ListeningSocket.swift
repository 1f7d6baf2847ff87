internal import EventHorizon
internal import Glibc

/// A bound TCP socket. Whoever takes the descriptor closes it.
struct ListeningSocket {
    let descriptor: Int32
    let port: UInt16

    /// - Throws: `Misconfiguration` where the address is none of this machine or is taken.
    init(host: String, port: UInt16) throws {
        let wanted = HTTPAddress.listen(host: host, port: port)
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let found = getaddrinfo(host, "\(port)", &hints, &list)
        guard found == 0, let first = list?.pointee else {
            let reason = String(cString: gai_strerror(found))
            throw Misconfiguration("--http \(wanted): the host is not known (\(reason)): give an address of this machine")
        }
        defer { freeaddrinfo(list) }
        let descriptor = socket(first.ai_family, first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), first.ai_protocol)
        guard descriptor >= 0 else { throw Misconfiguration("--http \(wanted): no socket can be made: \(errorText(errno))") }
        // A port whose last owner has just ended is free.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, first.ai_addr, first.ai_addrlen) == 0, listen(descriptor, 32) == 0 else {
            let reason = errno
            close(descriptor)
            let remedy =
                switch reason {
                case EADDRINUSE: "the port is taken, perhaps by another worker: choose another one, port 0 for any free one, or off"
                case EACCES: "this user may not take that port: choose one above 1023"
                case EADDRNOTAVAIL: "no address of this machine: give one of its own, 127.0.0.1 or 0.0.0.0"
                default: errorText(reason)
                }
            throw Misconfiguration("--http \(wanted): \(remedy)")
        }
        self.descriptor = descriptor
        self.port = Self.boundPort(descriptor) ?? port
    }

    private static func boundPort(_ descriptor: Int32) -> UInt16? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        // IPv4 and IPv6 addresses have their port at the same place.
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
    }
}

/// What the operating system calls the error.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

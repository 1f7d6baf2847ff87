package import Glibc

/// TCP ports of 127.0.0.1.
package enum LoopbackPort {
    /// A port that nobody listens on, below 32768: above, the operating system takes ports for outgoing connections.
    package static func free() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 10_000..<32_768)
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard number >= 0 else { throw SupportError("cannot make a socket: \(lastError())") }
            defer { close(number) }
            // As servers do: a port whose last connections still wind down is free.
            var yes: Int32 = 1
            setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            if withAddress(port, { bind(number, $0, $1) }) == 0 { return port }
        }
        throw SupportError("no free port was found between 10000 and 32767 on 127.0.0.1")
    }

    /// True if something listens there that begins with these words. Waits up to 200 ms.
    package static func greets(_ port: Int, with words: String) -> Bool {
        connection(to: port, limit: timeval(tv_sec: 0, tv_usec: 200_000))?.received(atMost: words.utf8.count) == words
    }

    /// - Parameter limit: how long a read waits.
    static func connection(to port: Int, limit: timeval) -> Descriptor? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return nil }
        let connection = Descriptor(number)
        var limit = limit
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return withAddress(port, { connect(number, $0, $1) }) == 0 ? connection : nil
    }

    /// Calls `body` with the port's address, as `bind` and `connect` take it.
    package static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: INADDR_LOOPBACK.bigEndian)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

#if NATS
import EventHorizon
import Glibc

/// What a server says of itself before anything else: libnats 3.4 keeps it to itself, so it is read from a plain socket.
package struct ServerInfo: Sendable, Equatable {
    package var version: ServerVersion
    package var hasJetStream: Bool

    /// From the line that a server begins with, `INFO {"version":"2.12.14","jetstream":true,..}`; nil where it names no version.
    package init?(_ line: UnsafeRawBufferPointer) {
        guard let version = Scan.string(after: "\"version\":", in: line).flatMap(ServerVersion.init) else { return nil }
        let jetStream = Scan.index(after: "\"jetstream\":", in: line).map { Scan.skipBlanks(from: $0, in: line) }
        self.version = version
        hasJetStream = jetStream.map { $0 < line.count && line[$0] == UInt8(ascii: "t") } ?? false
    }

    /// Blocks for up to two seconds a step.
    /// - Parameter address: `nats://host:port`, with or without user.
    static func read(from address: String) throws -> ServerInfo {
        var rest = Substring(address)
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        if let slash = rest.firstIndex(of: "/") { rest = rest[..<slash] }
        var host = rest
        var port: Substring = "4222"
        if let colon = rest.lastIndex(of: ":"), rest[colon...].allSatisfy({ $0 != "]" }) {
            host = rest[..<colon]
            port = rest[rest.index(after: colon)...]
        }
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }

        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(String(host), String(port), &hints, &found) == 0, let first = found else {
            throw BrokerError(.unavailable, "the address of the NATS server '\(host)' cannot be found", isRetriable: true)
        }
        defer { freeaddrinfo(first) }
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let candidate = next {
            next = candidate.pointee.ai_next
            if let info = read(from: candidate.pointee) { return info }
        }
        throw BrokerError(.unavailable, "the NATS server at \(host):\(port) does not say what it is", isRetriable: true)
    }

    private static func read(from address: addrinfo) -> ServerInfo? {
        let socket = Glibc.socket(address.ai_family, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard connect(socket, address.ai_addr, address.ai_addrlen) == 0 else { return nil }
        var line: [UInt8] = []
        while !line.contains(UInt8(ascii: "\n")), line.count < 1 << 20 {
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = Glibc.read(socket, &bytes, bytes.count)
            if count <= 0 { return nil }
            line += bytes[..<count]
        }
        return line.withUnsafeBytes { ServerInfo($0) }
    }
}

package struct ServerVersion: Comparable, Sendable, CustomStringConvertible {
    var major: Int
    var minor: Int
    var patch: Int
    init(_ major: Int, _ minor: Int, _ patch: Int) { (self.major, self.minor, self.patch) = (major, minor, patch) }

    /// `2.12.14`, with anything behind.
    package init?(_ text: String) {
        let numbers = text.split(separator: ".", maxSplits: 2).map { $0.prefix { $0.isNumber } }.map { Int($0) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else { return nil }
        self.init(major, minor, patch)
    }

    package static func < (a: Self, b: Self) -> Bool { (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch) }
    package var description: String { "\(major).\(minor).\(patch)" }

    /// Whether the conditional append of a replicated stream admits one winner only.
    var hasSafeReplication: Bool {
        if self >= Self(2, 14, 4) { return true }
        return major == 2 && minor == 12 && patch >= 14
    }
}
#endif

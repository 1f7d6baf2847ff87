import Glibc
import ServerSupport

/// A connection that speaks NATS's text protocol, as its documentation has it: nothing of the broker under test reads the logs that judge it.
///
/// Blocks: for a thread of its own. Not for several threads at once.
final class TextConnection {
    struct Message {
        var subject: String
        var reply: String
        var headers: [UInt8]
        var body: [UInt8]
    }

    private let number: Int32
    private var bytes: [UInt8] = []
    private var head = 0

    /// Connects to a server: of several, to the first that answers.
    /// - Parameter limit: how long a read waits before it throws.
    init(ports: [Int], limit: Duration) throws {
        guard let number = ports.lazy.compactMap({ Self.connect(to: $0, limit) }).first else {
            throw SupportError("nothing answers on port \(ports.map(String.init).joined(separator: ", "))")
        }
        self.number = number
        _ = try line()
        try send(
            "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"lang\":\"swift\",\"name\":\"eventhorizon-faults\"}\r\n"
        )
    }

    private static func connect(to port: Int, _ limit: Duration) -> Int32? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return nil }
        var time = timeval(tv_sec: Int(limit.components.seconds), tv_usec: Int(limit.components.attoseconds / 1_000_000_000_000))
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: INADDR_LOOPBACK.bigEndian)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else {
            close(number)
            return nil
        }
        return number
    }

    deinit { close(number) }

    func subscribe(_ subject: String, as sid: Int) throws { try send("SUB \(subject) \(sid)\r\n") }
    func publish(_ subject: String, reply: String, _ body: String) throws { try send("PUB \(subject) \(reply) \(body.utf8.count)\r\n\(body)\r\n") }

    func publish(_ subject: String, reply: String, headers: [UInt8], _ body: [UInt8]) throws {
        let start = "HPUB \(subject) \(reply) \(headers.count) \(headers.count + body.count)\r\n"
        try send(Array(start.utf8) + headers + body + Array("\r\n".utf8))
    }

    /// - Throws: when the connection ends or nothing comes in time.
    func next() throws -> Message {
        while true {
            let words = try line().split(separator: " ").map(String.init)
            switch words.first?.uppercased() {
            case "PING": try send("PONG\r\n")
            case "MSG" where words.count >= 4:
                let body = try take(Int(words[words.count - 1]) ?? 0)
                return Message(subject: words[1], reply: words.count > 4 ? words[3] : "", headers: [], body: body)
            case "HMSG" where words.count >= 5:
                let headers = Int(words[words.count - 2]) ?? 0
                let body = try take(Int(words[words.count - 1]) ?? 0)
                return Message(
                    subject: words[1], reply: words.count > 5 ? words[3] : "", headers: [UInt8](body.prefix(headers)),
                    body: [UInt8](body.dropFirst(headers)))
            case "-ERR": throw SupportError("the server says \(words.dropFirst().joined(separator: " "))")
            default: continue
            }
        }
    }

    private func send(_ text: String) throws { try send(Array(text.utf8)) }

    private func send(_ out: [UInt8]) throws {
        var sent = 0
        while sent < out.count {
            let count = out[sent...].withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw SupportError("the connection ended") }
            sent += count
        }
    }

    private func line() throws -> String {
        var at = head
        while true {
            while at < bytes.count, bytes[at] != 10 { at += 1 }
            if at < bytes.count { break }
            let known = at - head
            try fill()
            at = head + known
        }
        defer { head = at + 1 }
        return String(decoding: bytes[head..<at].filter { $0 != 13 }, as: UTF8.self)
    }

    /// So many bytes, and the line's end behind them.
    private func take(_ count: Int) throws -> [UInt8] {
        while bytes.count - head < count + 2 { try fill() }
        defer { head += count + 2 }
        return [UInt8](bytes[head..<head + count])
    }

    private func fill() throws {
        if head > 0 {
            bytes.removeFirst(head)
            head = 0
        }
        let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 65_536) { buffer in
            let count = recv(number, buffer.baseAddress, buffer.count, 0)
            if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
            return count
        }
        guard count > 0 else { throw SupportError(count == 0 ? "the connection ended" : "nothing came in time") }
    }
}

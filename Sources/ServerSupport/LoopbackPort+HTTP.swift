internal import Glibc

extension LoopbackPort {
    /// The answer to `GET path`; nil where nobody answers within a second.
    package static func get(_ path: String, from port: Int) -> (status: Int, body: String)? {
        guard let connection = connection(to: port, limit: timeval(tv_sec: 1, tv_usec: 0)) else { return nil }
        connection.send("GET \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        let text = connection.received()
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count > 1, let status = Int(words[1]), let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        return (status, String(text[end.upperBound...]))
    }
}

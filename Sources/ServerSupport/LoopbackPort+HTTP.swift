internal import Glibc

extension LoopbackPort {
    /// The answer to `GET path`; nil where nobody answers within a second.
    package static func get(_ path: String, from port: Int) -> (status: Int, body: String)? { request("GET", path, from: port) }

    /// The answer to a request; nil where nobody answers within so many seconds. Blocks meanwhile.
    static func request(_ method: String, _ path: String, _ body: String? = nil, from port: Int, within seconds: Int = 1) -> (
        status: Int, body: String
    )? {
        guard let connection = connection(to: port, limit: timeval(tv_sec: seconds, tv_usec: 0)) else { return nil }
        let content = body.map { "Content-Type: application/json\r\nContent-Length: \($0.utf8.count)\r\n" } ?? ""
        connection.send("\(method) \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\n\(content)\r\n\(body ?? "")")
        let text = connection.received()
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count > 1, let status = Int(words[1]), let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        return (status, String(text[end.upperBound...]))
    }
}

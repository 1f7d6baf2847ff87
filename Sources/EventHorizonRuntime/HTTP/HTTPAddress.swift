/// Where health and metrics are served.
public enum HTTPAddress: Sendable, Equatable, CustomStringConvertible {
    case off
    /// Port 0 is any free one.
    case listen(host: String, port: UInt16)

    static let expectation = "host:port, such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080, or off"

    /// Nil for a text that is none.
    public init?(_ text: String) {
        if text == "off" {
            self = .off
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
        self = .listen(host: String(host), port: port)
    }

    public var description: String {
        switch self {
        case .off: "off"
        case .listen(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

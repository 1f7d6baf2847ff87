/// Where a broker is: `nats://host:port` or `kafka://host:port`, several servers of one cluster separated by commas, or `memory:`.
public struct BrokerAddress: Sendable, Equatable, CustomStringConvertible {
    public enum Scheme: String, Sendable, CaseIterable { case nats, kafka, memory }

    public let scheme: Scheme
    /// As written, user and password included, each with its scheme; empty for `memory:`.
    public let servers: [String]

    /// Completes the sentence "expected ...".
    public static let expectation = "nats://host:port or kafka://host:port (several with commas) or memory:"

    /// Nil for a text that is no address.
    public init?(_ text: String) {
        if text == "memory:" || text == "memory://" {
            scheme = .memory
            servers = []
            return
        }
        guard let scheme = [Scheme.nats, .kafka].first(where: { text.hasPrefix("\($0.rawValue)://") }) else { return nil }
        let prefix = "\(scheme.rawValue)://"
        // The scheme may be said once for all.
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.contains("://") ? String($0) : prefix + $0 }
        guard parts.allSatisfy({ Self.isServer($0, after: prefix) }) else { return nil }
        self.scheme = scheme
        servers = parts
    }

    private static func isServer(_ text: String, after prefix: String) -> Bool {
        guard text.hasPrefix(prefix) else { return false }
        let rest = text.dropFirst(prefix.count)
        guard !rest.contains(where: { $0.isWhitespace || $0 == "/" }) else { return false }
        let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        guard !place.isEmpty, !place.hasPrefix(":") else { return false }
        // What follows the last colon is a port, unless the colon belongs to an IPv6 address in brackets.
        guard let colon = place.lastIndex(of: ":"), !place[colon...].contains("]") else { return true }
        return UInt16(place[place.index(after: colon)...]) != nil
    }

    /// Without user and password.
    public var description: String { scheme == .memory ? "memory:" : servers.map(Self.redact).joined(separator: ",") }

    /// Takes user and password out of a text that may be an address.
    @Sendable public static func redact(_ text: String) -> String {
        text.split(separator: ",", omittingEmptySubsequences: false).map { server in
            guard let at = server.lastIndex(of: "@") else { return String(server) }
            let start = server.firstRange(of: "://")?.upperBound ?? server.startIndex
            return server[..<min(start, at)] + "..." + server[at...]
        }.joined(separator: ",")
    }
}

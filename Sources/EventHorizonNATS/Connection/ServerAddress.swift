#if NATS
/// Addresses of servers as they may be shown: `nats://user:password@host:port` carries secrets.
package enum ServerAddress {
    /// Without user, password and token.
    package static func redacted(_ address: String) -> String {
        guard let secret = secret(in: address) else { return address }
        return address[..<secret.startIndex] + "..." + address[secret.endIndex...]
    }

    static func redacted(_ addresses: [String]) -> String { addresses.map { redacted($0) }.joined(separator: ", ") }

    /// A text of libnats's, which may repeat what it was given.
    static func redacted(_ text: String, of addresses: [String]) -> String {
        addresses.compactMap { secret(in: $0) }.reduce(text) { $0.replacing($1, with: "...") }
    }

    /// What stands before the host.
    package static func secret(in address: String) -> Substring? {
        guard let at = address.lastIndex(of: "@") else { return nil }
        let start = address.firstRange(of: "://")?.upperBound ?? address.startIndex
        return start < at ? address[start..<at] : nil
    }
}
#endif

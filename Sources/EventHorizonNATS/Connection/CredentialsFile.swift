#if NATS
import Glibc

/// A `.creds` file: a user's JWT and the seed of its key, each between two lines of dashes. libnats looks into it in the middle of a handshake only, and
/// what is wrong with it then looks like a server that does not answer.
enum CredentialsFile {
    /// What is wrong with the file, for the person who gave it; nil where it has both parts.
    static func problem(with path: String) -> String? {
        let name = "the file of --nats-credentials, '\(path)',"
        guard let file = fopen(path, "r") else { return "\(name) cannot be read (\(String(cString: strerror(errno)))): mend the path, or who may read it" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        errno = 0
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { return "\(name) cannot be read (\(String(cString: strerror(errno)))): mend the path, or who may read it" }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        // Any word may stand before: operators, accounts and users have such files.
        let missing = [("USER JWT-----", "a user's JWT"), ("USER NKEY SEED-----", "the seed of its key")].filter { !text.contains($0.0) }.map(\.1)
        guard !missing.isEmpty else { return nil }
        return "\(name) is no credentials file of NATS: \(missing.joined(separator: " and ")) is not in it: "
            + "name the .creds file that `nsc generate creds` makes"
    }
}
#endif

import ServerSupport
import Testing

/// Certificates for a server and its clients, made for one test by `openssl`.
struct Authority {
    struct Certificate {
        let certificate: String
        let key: String
    }

    let folder: TemporaryFolder
    private let openssl: String
    private let own: Certificate

    init(_ name: String = "authority") async throws {
        folder = try TemporaryFolder("eventhorizon-security")
        openssl = try program("openssl", package: "openssl")
        own = Certificate(certificate: "\(folder.path)/\(name).pem", key: "\(folder.path)/\(name).key")
        try await run(
            ["req", "-x509", "-subj", "/CN=\(name)", "-days", "2", "-keyout", own.key, "-out", own.certificate] + Self.newKey)
    }

    /// For `--tls-ca`.
    var certificate: String { own.certificate }

    /// - Parameter names: as openssl writes them: `DNS:localhost,IP:127.0.0.1`.
    func issue(_ name: String, for names: String) async throws -> Certificate {
        let issued = Certificate(certificate: "\(folder.path)/\(name).pem", key: "\(folder.path)/\(name).key")
        let request = "\(folder.path)/\(name).csr"
        try await run(["req", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)", "-keyout", issued.key, "-out", request] + Self.newKey)
        try await run([
            "x509", "-req", "-in", request, "-CA", own.certificate, "-CAkey", own.key, "-CAcreateserial", "-days", "2", "-copy_extensions", "copy",
            "-out", issued.certificate,
        ])
        return issued
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    private func run(_ arguments: [String]) async throws {
        let process = try ChildProcess(openssl, arguments)
        guard try await process.exit(within: .seconds(30)).isSuccess else { throw SupportError("openssl \(arguments[0]) failed\(process.tail())") }
    }
}

#if NATS
import CNATS
import EventHorizon
import EventHorizonBridge
import Glibc

/// Makes links as the configuration says.
struct Connector: Sendable {
    let configuration: NATSConfiguration
    let clock: any WorkerClock

    /// Tries until the connect deadline.
    /// - Throws: `Misconfiguration` in a sentence for the person who has to mend it; `BrokerError` when cancelled.
    func connect() async throws -> Link {
        guard !configuration.servers.isEmpty else { throw Misconfiguration("no NATS server is named: set `servers`, for instance to nats://127.0.0.1:4222") }
        let deadline = MonotonicTime.now &+ UInt64(max(0, configuration.connectDeadline.nanoseconds))
        var wait: UInt64 = 50_000_000
        while true {
            do {
                return try await ForeignThread.run {
                    try Link(options())
                }
            } catch let failure as LinkFailure {
                if let problem = permanent(failure) { throw Misconfiguration(problem) }
                let now = MonotonicTime.now
                if now &+ wait > deadline {
                    throw Misconfiguration(
                        "no NATS server answers at \(configuration.servers.joined(separator: ", ")) (\(failure.text)): start one with `nats-server -js`, "
                            + "or mend the address")
                }
                await clock.sleep(until: clock.now + .nanoseconds(Int64(wait)))
                if Task.isCancelled { throw BrokerError(.cancelled, "connecting to NATS was cancelled") }
                wait = min(wait * 2, 1_000_000_000)
            }
        }
    }

    private func permanent(_ failure: LinkFailure) -> String? {
        let servers = configuration.servers.joined(separator: ", ")
        switch failure.status {
        case NATS_CONNECTION_AUTH_FAILED, NATS_NOT_PERMITTED:
            return "the NATS server at \(servers) refuses the credentials (\(failure.text)): mend user, password, token or the credentials file"
        case NATS_SSL_ERROR, NATS_SECURE_CONNECTION_REQUIRED, NATS_SECURE_CONNECTION_WANTED:
            return "TLS with the NATS server at \(servers) fails (\(failure.text)): mend `tls`, or the server's certificate"
        case NATS_INVALID_ARG, NATS_ADDRESS_MISSING:
            return "'\(servers)' is no address of a NATS server (\(failure.text)): write nats://host:port"
        default:
            let text = failure.text.lowercased()
            if text.contains("authorization") || text.contains("authentication") {
                return "the NATS server at \(servers) refuses the credentials (\(failure.text)): mend user, password, token or the credentials file"
            }
            return nil
        }
    }

    /// The caller destroys them.
    private func options() throws -> OpaquePointer {
        var made: OpaquePointer?
        guard natsOptions_Create(&made) == NATS_OK, let options = made else { throw BrokerError(.unavailable, "libnats could not make its options") }
        do {
            try fill(options)
        } catch {
            natsOptions_Destroy(options)
            throw error
        }
        return options
    }

    private func fill(_ options: OpaquePointer) throws {
        func check(_ status: natsStatus, _ what: String) throws {
            guard status != NATS_OK else { return }
            let text = Library.lastError(status)
            throw Misconfiguration("\(what) cannot be used for NATS: \(text)")
        }
        let servers = configuration.servers.map { strdup($0) }
        defer { for server in servers { free(server) } }
        var pointers = servers.map { UnsafePointer<CChar>($0) }
        try check(natsOptions_SetServers(options, &pointers, Int32(pointers.count)), "the address '\(configuration.servers.joined(separator: ", "))'")
        try check(natsOptions_SetName(options, configuration.connectionName), "the connection name '\(configuration.connectionName)'")
        if let user = configuration.user { try check(natsOptions_SetUserInfo(options, user, configuration.password ?? ""), "the user '\(user)'") }
        if let token = configuration.token { try check(natsOptions_SetToken(options, token), "the token") }
        if let file = configuration.credentialsFile {
            try check(natsOptions_SetUserCredentialsFromFiles(options, file, nil), "the credentials file '\(file)'")
        }
        if let tls = configuration.tls {
            try check(natsOptions_SetSecure(options, true), "TLS")
            if let ca = tls.ca { try check(natsOptions_LoadCATrustedCertificates(options, ca), "the CA file '\(ca)'") }
            if let certificate = tls.certificate {
                guard let key = tls.key else { throw Misconfiguration("a client certificate, '\(certificate)', wants its key: set `tls.key`") }
                try check(natsOptions_LoadCertificatesChain(options, certificate, key), "the certificate '\(certificate)' with the key '\(key)'")
            }
            if let name = tls.serverName { try check(natsOptions_SetExpectedHostname(options, name), "the server name '\(name)'") }
        }
        natsOptions_SetTimeout(options, 2_000)
        natsOptions_SetPingInterval(options, 5_000)
        natsOptions_SetMaxPingsOut(options, 2)
    }
}
#endif

#if NATS
import CNATS
import EventHorizon
import EventHorizonBridge
import Glibc

/// Makes links as the configuration says.
struct Connector: Sendable {
    let configuration: NATSConfiguration
    let clock: any WorkerClock

    /// How soon a server that has gone silent counts as lost.
    enum Patience {
        /// In 3 to 4 s: on a connection whose loop runs nothing of an application's, so that only the server, or the way to it, can be what is late.
        /// Soon enough for readiness to go off within 5 s, late enough for a server that holds its breath for an fsync or a purge.
        case short
        /// In 10 to 15 s: the loop may be held up that long by a `decide` or a read model, while the server's answers wait to be read.
        case long

        /// In milliseconds.
        var pingInterval: Int64 { self == .short ? 1_000 : 5_000 }
        /// Without an answer; the next one due finds the connection stale.
        var pings: Int32 { self == .short ? 3 : 2 }
    }

    /// Tries until the connect deadline.
    /// - Throws: `Misconfiguration` in a sentence for the person who has to mend it; `BrokerError` when cancelled.
    func connect(_ patience: Patience = .long) async throws -> Link {
        guard !configuration.servers.isEmpty else { throw Misconfiguration("no NATS server is named: set --broker, for instance to nats://127.0.0.1:4222") }
        if let file = configuration.credentialsFile, let problem = CredentialsFile.problem(with: file) { throw Misconfiguration(problem) }
        let deadline = MonotonicTime.now &+ UInt64(max(0, configuration.connectDeadline.nanoseconds))
        var wait: UInt64 = 50_000_000
        while true {
            do {
                return try await ForeignThread.run {
                    // The link keeps them: it connects again with them.
                    try Link(options(patience))
                }
            } catch let failure as LinkFailure {
                let refusal = Refusal(failure, configuration)
                if refusal.isFinal || MonotonicTime.now &+ wait > deadline { throw Misconfiguration(refusal.sentence) }
                await clock.sleep(until: clock.now + .nanoseconds(Int64(wait)))
                if Task.isCancelled { throw BrokerError(.cancelled, "connecting to NATS was cancelled") }
                wait = min(wait * 2, 1_000_000_000)
            }
        }
    }

    /// What it means that libnats gave up a connection: it does when it is refused twice as it comes back, as after a password was changed.
    func ending(_ reason: String) -> any Error {
        let refusal = Refusal(LinkFailure(status: NATS_CONNECTION_CLOSED, text: reason), configuration)
        if refusal.isFinal { return Misconfiguration(refusal.sentence) }
        return BrokerError(.unavailable, "the connection to NATS has ended for good (\(reason))", isRetriable: true)
    }

    /// The caller destroys them.
    private func options(_ patience: Patience) throws -> OpaquePointer {
        var made: OpaquePointer?
        guard natsOptions_Create(&made) == NATS_OK, let options = made else { throw BrokerError(.unavailable, "libnats could not make its options") }
        do {
            try fill(options, patience)
        } catch {
            natsOptions_Destroy(options)
            throw error
        }
        return options
    }

    private func fill(_ options: OpaquePointer, _ patience: Patience) throws {
        func check(_ status: natsStatus, _ what: String) throws {
            guard status != NATS_OK else { return }
            let text = ServerAddress.redacted(Library.lastError(status), of: configuration.servers)
            throw Misconfiguration("\(what) cannot be used for NATS: \(text)")
        }
        let servers = configuration.servers.map { strdup($0) }
        defer { for server in servers { free(server) } }
        var pointers = servers.map { UnsafePointer<CChar>($0) }
        try check(natsOptions_SetServers(options, &pointers, Int32(pointers.count)), "the address '\(ServerAddress.redacted(configuration.servers))' in --broker")
        try check(natsOptions_SetName(options, configuration.connectionName), "the connection name '\(configuration.connectionName)'")
        if let user = configuration.user { try check(natsOptions_SetUserInfo(options, quoted(user), quoted(configuration.password ?? "")), "the user '\(user)'") }
        if let token = configuration.token { try check(natsOptions_SetToken(options, quoted(token)), "what --token holds") }
        if let file = configuration.credentialsFile {
            try check(natsOptions_SetUserCredentialsFromFiles(options, file, nil), "the file of --nats-credentials, '\(file)',")
        }
        if let tls = configuration.tls {
            try check(natsOptions_SetSecure(options, true), "TLS")
            if let ca = tls.ca { try check(natsOptions_LoadCATrustedCertificates(options, ca), "the file of --tls-ca, '\(ca)',") }
            if let certificate = tls.certificate {
                guard let key = tls.key else { throw Misconfiguration("a client certificate, '\(certificate)', wants its key: set --tls-key") }
                try check(natsOptions_LoadCertificatesChain(options, certificate, key), "--tls-certificate '\(certificate)' with --tls-key '\(key)'")
            }
            if let name = tls.serverName { try check(natsOptions_SetExpectedHostname(options, name), "the name of --tls-server-name, '\(name)',") }
        }
        natsOptions_SetTimeout(options, 2_000)
        natsOptions_SetPingInterval(options, patience.pingInterval)
        natsOptions_SetMaxPingsOut(options, patience.pings)
        // What is unanswered is sent again after a reconnect, by its sender: libnats need not keep it too.
        natsOptions_SetReconnectBufSize(options, 1 << 16)
    }

    /// As a JSON string holds it: libnats pastes user, password and token into its JSON as they are, where a quotation mark in a password ends the string.
    private func quoted(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..<" ": quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted
    }
}
#endif

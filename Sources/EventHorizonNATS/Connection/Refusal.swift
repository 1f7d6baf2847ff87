#if NATS
import CNATS

/// Why a connection was not made, in a sentence for the person who has to mend it. It names the keys of a program's flags, where most settings come from.
struct Refusal: Equatable {
    var sentence: String
    /// Whether it is no use to try again.
    var isFinal: Bool

    init(_ failure: LinkFailure, _ configuration: NATSConfiguration) {
        let server = "the NATS server at \(ServerAddress.redacted(configuration.servers))"
        let text = ServerAddress.redacted(failure.text, of: configuration.servers)
        let words = text.lowercased()
        func mentions(_ phrases: String...) -> Bool { phrases.contains { words.contains($0) } }

        if failure.status == NATS_SECURE_CONNECTION_WANTED {
            self.init("\(server) speaks no TLS, and --tls is on: leave --tls out, or configure `tls` on the server")
        } else if failure.status == NATS_CONNECTION_AUTH_FAILED || failure.status == NATS_NOT_PERMITTED || mentions("authorization", "authentication") {
            self.init(Self.credentials(server, text, configuration))
        } else if mentions("handshake error") {
            self = Self.handshake(server, text, configuration, mentions)
        } else if failure.status == NATS_SSL_ERROR {
            self.init("TLS with \(server) cannot be used (\(text)): look at the keys --tls-...")
        } else if failure.status == NATS_INVALID_ARG || failure.status == NATS_ADDRESS_MISSING {
            self.init("'\(ServerAddress.redacted(configuration.servers))' is no address of a NATS server (\(text)): set --broker to nats://host:port")
        } else if let file = configuration.credentialsFile, failure.status == NATS_ERR {
            self.init("the credentials of the file '\(file)' cannot be used (\(text)): set --nats-credentials to a file that `nsc generate creds` made")
        } else if mentions("ssl") || configuration.tls != nil && failure.status != NATS_NO_SERVER && failure.status != NATS_TIMEOUT {
            // With TLS 1.3 a server looks at the client's certificate after the client's part of the handshake; what it says then is often lost with the
            // connection that it closes.
            self.init(
                "\(server) ends the connection after the TLS handshake (\(text)), as one does that misses a client certificate or refuses it: "
                    + Self.certificate(configuration), isFinal: false)
        } else {
            self.init(
                "no NATS server answers at \(ServerAddress.redacted(configuration.servers)) (\(text)): start one with `nats-server -js`, or mend --broker",
                isFinal: false)
        }
    }

    private init(_ sentence: String, isFinal: Bool = true) {
        self.sentence = sentence
        self.isFinal = isFinal
    }

    private static func credentials(_ server: String, _ text: String, _ configuration: NATSConfiguration) -> String {
        if configuration.servers.contains(where: { ServerAddress.secret(in: $0) != nil }) {
            return "\(server) refuses the user, password or token that stands in --broker (\(text)): mend them there"
        }
        if let file = configuration.credentialsFile {
            return "\(server) refuses the credentials of the file '\(file)' (\(text)): set --nats-credentials to a file of a user that it knows"
        }
        if configuration.token != nil { return "\(server) refuses the token (\(text)): mend --token" }
        if let user = configuration.user { return "\(server) refuses the user '\(user)' with this password (\(text)): mend --user and --password" }
        return "\(server) asks who this is (\(text)), and nothing says so: set --user and --password, or --token, or --nats-credentials"
    }

    private static func handshake(
        _ server: String, _ text: String, _ configuration: NATSConfiguration, _ mentions: (String...) -> Bool
    ) -> Refusal {
        let encrypted = configuration.tls == nil ? ", and --tls, since the server asks for it" : ""
        if mentions("hostname mismatch", "ip address mismatch") {
            let name = configuration.tls?.serverName.map { "'\($0)'" } ?? "the host in --broker"
            return Refusal(
                "the certificate of \(server) is not for \(name) (\(text)): set --tls-server-name to a name that is in the certificate\(encrypted)")
        }
        if mentions("unable to get", "unable to verify", "self-signed", "self signed") {
            let authority = configuration.tls?.ca.map { "by none of the authorities in '\($0)'" } ?? "by no authority that this system trusts"
            return Refusal(
                "the certificate of \(server) is signed \(authority) (\(text)): set --tls-ca to the certificate of the authority that signed it\(encrypted)")
        }
        if mentions("has expired", "not yet valid") {
            return Refusal("the certificate of \(server) is out of date (\(text)): renew it, or mend the clock of this machine")
        }
        // Of TLS 1.2: the server's word arrives during the handshake.
        if mentions("alert"), mentions("certificate", "unknown ca") { return Refusal("\(server) refuses this client (\(text)): \(certificate(configuration))") }
        return Refusal("TLS with \(server) fails (\(text)): look at its log, and at the keys --tls-...", isFinal: false)
    }

    /// What to do about the client's certificate.
    private static func certificate(_ configuration: NATSConfiguration) -> String {
        guard let certificate = configuration.tls?.certificate else {
            return "set --tls-certificate and --tls-key"
        }
        return "set --tls-certificate, which is '\(certificate)', and --tls-key to a certificate that an authority of the server's has signed"
    }
}
#endif

import EventHorizon
import EventHorizonBrokers
import EventHorizonWorkers
import GuestList
import ServerSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct TLSTests {
    /// A server that asks for a client certificate, and what reaches it.
    struct Secured {
        let authority: Authority
        let client: Authority.Certificate
        let configuration: String

        init(names: String = "DNS:localhost,DNS:broker.example", more: String = "") async throws {
            authority = try await Authority()
            let server = try await authority.issue("server", for: names)
            client = try await authority.issue("client", for: "DNS:client")
            configuration = """
                tls {
                  cert_file: "\(server.certificate)"
                  key_file: "\(server.key)"
                  ca_file: "\(authority.certificate)"
                  verify: true
                  timeout: 10
                }
                \(more)
                """
        }

        func flags(_ server: NATSServer, host: String = "localhost", ca: String? = nil, client other: Authority.Certificate? = nil) -> [String] {
            let client = other ?? client
            return [
                "--broker", "nats://\(host):\(server.port)", "--tls", "--tls-ca", ca ?? authority.certificate,
                "--tls-certificate", client.certificate, "--tls-key", client.key,
            ]
        }

        func client(_ server: NATSServer, configure: (inout BrokerSettings) -> Void = { _ in }) throws -> Client {
            try Client("nats://localhost:\(server.port)") {
                $0.tls = BrokerSettings.TLS(authorities: authority.certificate, certificate: client.certificate, key: client.key)
                configure(&$0)
            }
        }
    }

    @Test func worker_and_client_work_over_tls_with_a_client_certificate() async throws {
        let secured = try await Secured()
        try await withServer(secured.configuration) { server in
            let worker = try await Worker(secured.flags(server))
            let client = try secured.client(server)
            try await client.invite("athena")
            // Many records, larger together than a socket's buffers.
            let name = String(repeating: "n", count: 4_000)
            let guests: [(command: Invitation.Command, id: Invitation.ID)] = (0..<2_000).map { number in
                (.create(list: "many", name: name, age: nil), Invitation.ID("guest-\(number)"))
            }
            #expect(try await client.commands.send(contentsOf: guests).count == 2_000)
            try await client.invite("zeus")
            try await worker.end()
        }
    }

    @Test func a_server_is_known_by_the_name_that_is_told_or_by_its_address() async throws {
        let secured = try await Secured()
        try await withServer(secured.configuration) { server in
            let worker = try await Worker(secured.flags(server, host: "127.0.0.1") + ["--tls-server-name", "broker.example"])
            try await worker.end()
            let named = try await refusal(secured.flags(server) + ["--tls-server-name", "other.example"])
            #expect(named.contains("is not for 'other.example' ("))
            #expect(named.contains("hostname mismatch"))
            #expect(named.contains("set --tls-server-name to a name that is in the certificate"))
            let unnamed = try await refusal(secured.flags(server, host: "127.0.0.1"))
            #expect(unnamed.contains("is not for the host in --broker ("))
            #expect(unnamed.contains("set --tls-server-name"))
        }
        let numbered = try await Secured(names: "IP:127.0.0.1")
        try await withServer(numbered.configuration) { server in
            try await Worker(numbered.flags(server, host: "127.0.0.1")).end()
        }
    }

    @Test func an_authority_that_did_not_sign_the_server_is_told_with_its_file() async throws {
        let secured = try await Secured()
        let other = try await Authority("other")
        try await withServer(secured.configuration) { server in
            for program in ["guestlist-command-handler", "guestlist"] {
                let message = try await refusal(secured.flags(server, ca: other.certificate), of: program)
                #expect(message.contains("the certificate of the NATS server at nats://localhost:\(server.port) is signed by none of the authorities in"))
                #expect(message.contains("'\(other.certificate)'"))
                #expect(message.contains("set --tls-ca to the certificate of the authority that signed it"))
            }
            let unset = try await refusal(["--broker", "nats://localhost:\(server.port)", "--tls"])
            #expect(unset.contains("by no authority that this system trusts"))
            let open = try await refusal(["--broker", "nats://localhost:\(server.port)"])
            #expect(open.contains("set --tls-ca to the certificate of the authority that signed it, and --tls, since the server asks for it"))
        }
    }

    @Test func a_client_certificate_that_is_missing_or_foreign_is_asked_for() async throws {
        let secured = try await Secured()
        let other = try await Authority("other")
        let stranger = try await other.issue("stranger", for: "DNS:client")
        try await withServer(secured.configuration) { server in
            let missing = try await refusal(["--broker", "nats://localhost:\(server.port)", "--tls", "--tls-ca", secured.authority.certificate])
            #expect(missing.contains("set --tls-certificate and --tls-key\n"))
            let foreign = try await refusal(secured.flags(server, client: stranger))
            #expect(foreign.contains("set --tls-certificate, which is '\(stranger.certificate)', and --tls-key to a certificate that an authority"))
        }
    }

    @Test func tls_with_a_server_that_has_none_is_told() async throws {
        try await withServer("") { server in
            let message = try await refusal(["--broker", server.url, "--tls"])
            #expect(message.contains("speaks no TLS, and --tls is on: leave --tls out, or configure `tls` on the server"))
        }
    }

    @Test func files_that_cannot_be_used_are_told_with_their_keys() async throws {
        let authority = try await Authority()
        let one = try await authority.issue("one", for: "DNS:one")
        let two = try await authority.issue("two", for: "DNS:two")
        // No server is needed: nothing is asked before.
        let address = ["--broker", "nats://127.0.0.1:\(try LoopbackPort.free())", "--tls"]
        #expect(try await refusal(address + ["--tls-ca", one.key]).contains("the file of --tls-ca, '\(one.key)', cannot be used"))
        #expect(try await refusal(address + ["--tls-ca", authority.folder.path]).contains("the file of --tls-ca, '\(authority.folder.path)', cannot be used"))
        let absent = "\(authority.folder.path)/absent.pem"
        #expect(try await refusal(address + ["--tls-ca", absent]).contains("--tls-ca is '\(absent)': the file cannot be read: No such file or directory"))
        let mixed = try await refusal(address + ["--tls-certificate", one.certificate, "--tls-key", two.key])
        #expect(mixed.contains("--tls-certificate '\(one.certificate)' with --tls-key '\(two.key)' cannot be used"))
        #expect(try await refusal(address + ["--tls-certificate", one.certificate]).contains("--tls-certificate and --tls-key belong together"))
    }

    @Test func a_secured_connection_comes_back_after_the_server_was_killed() async throws {
        let secured = try await Secured(more: "authorization { user: alice, password: \"s3cr3t-pass\" }")
        try await withServer(secured.configuration) { server in
            let worker = try await Worker(
                secured.flags(server), environment: ["EVENTHORIZON_USER": "alice", "EVENTHORIZON_PASSWORD": "s3cr3t-pass"])
            let client = try secured.client(server) {
                $0.user = "alice"
                $0.password = "s3cr3t-pass"
            }
            try await client.invite("athena")
            await server.kill()
            try await worker.becomes(ready: false, within: .seconds(8))
            try await server.restart()
            try await worker.becomes(ready: true, within: .seconds(15))
            try await client.invite("zeus")
            try await worker.end()
        }
    }
}

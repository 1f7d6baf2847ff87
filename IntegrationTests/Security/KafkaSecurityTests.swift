import EventHorizon
import EventHorizonBrokers
import EventHorizonWorkers
import GuestList
import ServerSupport
import Testing

/// A Kafka broker whose one listener asks for a password over TLS.
@Suite(.serialized, .timeLimit(.minutes(3))) struct KafkaSecurityTests {
    private static let password = "s3cr3t-pass"

    /// What both protocols of the listener have in common: the broker is a client of itself.
    private static func sasl(over protocolName: String) -> [String] {
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        return [
            "listener.security.protocol.map=PLAINTEXT:\(protocolName),CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN",
            "listener.name.plaintext.plain.sasl.jaas.config=\(module) required username=\"broker\" password=\"itself\" user_broker=\"itself\" "
                + "user_alice=\"\(password)\";",
        ]
    }

    @Test func a_user_is_let_in_by_password_and_a_wrong_one_is_told_by_the_key_that_holds_it() async throws {
        let replicas = try TemporaryFolder("eventhorizon-security")
        try await KafkaServer.start(properties: Self.sasl(over: "SASL_PLAINTEXT")).use { server in
            let worker = try await Worker(
                ["--broker", server.url, "--user", "alice", "--replica-folder", replicas.path], environment: ["EVENTHORIZON_PASSWORD": Self.password])
            let client = try Client(server.url) {
                $0.user = "alice"
                $0.password = Self.password
            }
            try await client.invite("athena")
            try await worker.end()
            let wrong = try await refusal(
                ["--broker", server.url, "--user", "alice"], environment: ["EVENTHORIZON_PASSWORD": "wr0ng-pass"])
            #expect(wrong.contains(server.address) && wrong.contains("--user and --password"), "\(wrong)")
            let unasked = try await refusal(
                ["--broker", server.url, "--user", "alice", "--sasl-mechanism", "SCRAM-SHA-256"],
                environment: ["EVENTHORIZON_PASSWORD": Self.password])
            #expect(unasked.contains("--sasl-mechanism"), "\(unasked)")
        }
    }

    @Test func worker_and_client_work_over_tls_with_a_client_certificate_and_a_password() async throws {
        let authority = try await Authority()
        let certificate = try await authority.issue("server", for: "DNS:localhost,IP:127.0.0.1")
        let own = try await authority.issue("client", for: "DNS:client")
        let other = try await Authority("other")
        let replicas = try TemporaryFolder("eventhorizon-security")
        let keys = "\(authority.folder.path)/keys.pem"
        try write(TextFile.read(certificate.key) + TextFile.read(certificate.certificate), to: keys)
        let tls = [
            "ssl.keystore.type=PEM", "ssl.keystore.location=\(keys)", "ssl.truststore.type=PEM", "ssl.truststore.location=\(authority.certificate)",
            "ssl.client.auth=required",
        ]
        try await KafkaServer.start(properties: Self.sasl(over: "SASL_SSL") + tls).use { server in
            func flags(ca: String) -> [String] {
                [
                    "--broker", server.url, "--user", "alice", "--replica-folder", replicas.path, "--tls", "--tls-ca", ca,
                    "--tls-certificate", own.certificate, "--tls-key", own.key,
                ]
            }
            let secret = ["EVENTHORIZON_PASSWORD": Self.password]
            let worker = try await Worker(flags(ca: authority.certificate), environment: secret)
            let client = try Client(server.url) {
                $0.user = "alice"
                $0.password = Self.password
                $0.tls = BrokerSettings.TLS(authorities: authority.certificate, certificate: own.certificate, key: own.key)
            }
            try await client.invite("athena")
            try await worker.end()
            let foreign = try await refusal(flags(ca: other.certificate), environment: secret)
            #expect(foreign.contains("--tls-ca"), "\(foreign)")
            let open = try await refusal(["--broker", server.url, "--user", "alice"], environment: secret)
            #expect(open.contains("--tls"), "\(open)")
        }
    }
}

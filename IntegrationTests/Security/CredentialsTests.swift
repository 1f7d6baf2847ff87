import EventHorizon
import EventHorizonBrokers
import EventHorizonWorkers
import GuestList
import ServerSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct CredentialsTests {
    static let password = "s3cr3t-pass"
    static let user = "authorization { user: alice, password: \"s3cr3t-pass\" }"

    @Test func a_user_is_let_in_by_flags_by_the_environment_and_by_the_address() async throws {
        try await withServer(Self.user) { server in
            let byFlags = try await Worker(["--broker", server.url, "--user", "alice", "--password", Self.password])
            try await Client(server.url) { ($0.user, $0.password) = ("alice", Self.password) }.invite("athena")
            try await byFlags.end()
            try await Worker(
                ["--broker", server.url], environment: ["EVENTHORIZON_USER": "alice", "EVENTHORIZON_PASSWORD": Self.password]
            ).end()
            let address = "nats://alice:\(Self.password)@127.0.0.1:\(server.port)"
            let byAddress = try await Worker([], environment: ["EVENTHORIZON_BROKER": address])
            try await Client(address).invite("zeus")
            try await byAddress.end()
        }
    }

    @Test func a_password_may_hold_quotation_marks_and_backslashes() async throws {
        try await withServer(#"authorization { user: alice, password: "s3cr3t-\"quoted\"\\pass" }"#) { server in
            try await Worker(["--broker", server.url, "--user", "alice"], environment: ["EVENTHORIZON_PASSWORD": #"s3cr3t-"quoted"\pass"#]).end()
        }
    }

    @Test func a_wrong_password_is_told_by_the_key_that_holds_it() async throws {
        try await withServer(Self.user) { server in
            let byKeys = try await refusal(["--broker", server.url, "--user", "alice"], environment: ["EVENTHORIZON_PASSWORD": "wr0ng-pass"])
            #expect(byKeys.contains("the NATS server at \(server.url) refuses the user 'alice' with this password"))
            #expect(byKeys.contains("mend --user and --password"))
            let byAddress = try await refusal(["--broker", "nats://alice:wr0ng-pass@127.0.0.1:\(server.port)"])
            #expect(byAddress.contains("the NATS server at nats://...@127.0.0.1:\(server.port) refuses the user, password or token that"))
            let client = try await refusal(["--broker", server.url, "--user", "alice", "--password", "wr0ng-pass"], of: "guestlist")
            #expect(client.contains("mend --user and --password"))
        }
    }

    @Test func a_password_that_is_changed_on_the_server_ends_workers_and_publishing_in_a_sentence() async throws {
        try await withServer(Self.user) { server in
            let worker = try await Worker(["--broker", server.url, "--user", "alice", "--password", Self.password])
            let client = try Client(server.url) { ($0.user, $0.password) = ("alice", Self.password) }
            try await client.invite("athena")
            await server.kill()
            let folder = try TemporaryFolder("eventhorizon-security")
            try write("authorization { user: alice, password: \"wr0ng-pass\" }", to: "\(folder.path)/nats.conf")
            let other = try await NATSServer.start(folder: server.folder, port: server.port, arguments: ["-c", "\(folder.path)/nats.conf"])
            #expect(try await worker.process.exit(within: .seconds(20)) == .exited(78))
            #expect(worker.process.standardError.contains("refuses the user 'alice' with this password"))
            expectNoSecret(in: worker.process.output)
            await #expect(throws: Misconfiguration.self) { try await client.commands.send(.accept, to: "athena", of: Invitation.self) }
            await other.stop()
        }
    }

    @Test func a_token_is_let_in_and_a_wrong_one_is_told() async throws {
        try await withServer("authorization { token: \"t0ken-s3cret\" }") { server in
            try await Worker(["--broker", server.url, "--token", "t0ken-s3cret"]).end()
            try await Worker(["--broker", server.url], environment: ["EVENTHORIZON_TOKEN": "t0ken-s3cret"]).end()
            let message = try await refusal(["--broker", server.url, "--token", "wr0ng-pass"])
            #expect(message.contains("refuses the token"))
            #expect(message.contains("mend --token"))
        }
    }

    @Test func a_server_that_asks_who_this_is_gets_told_how_to_say_so() async throws {
        try await withServer(Self.user) { server in
            let message = try await refusal(["--broker", server.url])
            #expect(message.contains("asks who this is"))
            #expect(message.contains("set --user and --password, or --token, or --nats-credentials"))
        }
    }

    @Test func secrets_are_in_no_help_and_in_no_message_about_them() async throws {
        let secret = ["EVENTHORIZON_PASSWORD": "s3cr3t-pass", "EVENTHORIZON_TOKEN": "t0ken-s3cret"]
        let help = try start(["--help", "--password", "s3cr3t-pass"], environment: secret)
        #expect(try await help.exit(within: .seconds(20)) == .exited(0))
        #expect(help.standardOutput.contains("EVENTHORIZON_PASSWORD, never shown"))
        expectNoSecret(in: help.output)
        let pair = try await refusal(["--user", "alice"], environment: secret)
        #expect(pair.contains("--user and --token are set: one way to prove who this is, choose it"))
        let lone = try await refusal([], environment: ["EVENTHORIZON_PASSWORD": "s3cr3t-pass"])
        #expect(lone.contains("--password is set without --user: set both or neither"))
        // None of these is an address; each holds a password.
        for address in ["http://alice:s3cr3t-pass@127.0.0.1:4222", "nats://alice:s3cr3t-pass@127.0.0.1:port", "alice:s3cr3t-pass@127.0.0.1"] {
            let message = try await refusal([], environment: ["EVENTHORIZON_BROKER": address])
            #expect(message.contains("EVENTHORIZON_BROKER is '"))
            #expect(message.contains("expected nats://host:port"))
        }
    }

    @Test func a_credentials_file_that_is_none_is_told_before_any_server_is_asked() async throws {
        let folder = try TemporaryFolder("eventhorizon-security")
        let address = ["--broker", "nats://127.0.0.1:\(try LoopbackPort.free())", "--nats-credentials"]
        let absent = "\(folder.path)/absent.creds"
        #expect(
            try await refusal(address + [absent]).contains("--nats-credentials is '\(absent)': the file cannot be read: No such file or directory"))
        // Nobody can read a folder as a file, not even root.
        #expect(
            try await refusal(address + [folder.path]).contains("the file of --nats-credentials, '\(folder.path)', cannot be read (Is a directory)"))
        let other = "\(folder.path)/other.creds"
        try write("s3cr3t-pass\n", to: other)
        let message = try await refusal(address + [other])
        #expect(message.contains("the file of --nats-credentials, '\(other)', is no credentials file of NATS: a user's JWT and the seed of its key"))
        try write("-----BEGIN NATS USER JWT-----\ne30.e30.e30\n------END NATS USER JWT------\n", to: other)
        #expect(try await refusal(address + [other]).contains("is no credentials file of NATS: the seed of its key is not in it"))
    }
}

import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonWorkers
import Testing

@testable import EventHorizonRuntime

@Suite struct InvocationTests {
    static let seats = ConfigurationKey<Int>("seats", .number(in: 1...100), default: 2, "How many guests are confirmed.")
    static let mailServer = ConfigurationKey<String>("mail-server", .text("HOST"), "Where letters are sent from.")

    func invoke(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Invocation {
        try Invocation(
            worker: "guestlist-saga", application: "guestlist", arguments: arguments, environment: environment,
            keys: Configuration.builtIn(application: "guestlist") + [Self.seats, Self.mailServer],
            shared: Configuration.Shared(surroundings: .system))
    }

    func configuration(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Configuration {
        guard case .run(let configuration) = try invoke(arguments, environment) else { throw Misconfiguration("not asked to run") }
        return configuration
    }

    func problems(_ arguments: [String], _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try invoke(arguments, environment)
            return []
        } catch let error as Misconfiguration {
            return error.problems
        } catch {
            return ["another error: \(error)"]
        }
    }

    @Test func a_flag_wins_over_a_variable_and_a_variable_over_the_default() throws {
        #expect(try configuration([]).value(for: .leaseTime) == .seconds(5))
        #expect(try configuration([], ["EVENTHORIZON_LEASE_TIME": "7s"]).value(for: .leaseTime) == .seconds(7))
        #expect(try configuration(["--lease-time", "900ms"], ["EVENTHORIZON_LEASE_TIME": "7s"]).value(for: .leaseTime) == .milliseconds(900))
    }

    @Test func an_empty_variable_counts_as_not_given() throws {
        #expect(try configuration([], ["EVENTHORIZON_LEASE_TIME": ""]).value(for: .leaseTime) == .seconds(5))
    }

    @Test func a_flag_overrides_a_wrong_variable() throws {
        #expect(try configuration(["--lease-time", "6s"], ["EVENTHORIZON_LEASE_TIME": "soon"]).value(for: .leaseTime) == .seconds(6))
    }

    @Test func a_value_follows_its_flag_or_an_equals_sign() throws {
        #expect(try configuration(["--read-model", "/data"]).value(for: .readModel) == "/data")
        #expect(try configuration(["--read-model=/data/a=b"]).value(for: .readModel) == "/data/a=b")
        #expect(try configuration(["--read-model=/old", "--read-model", "/new"]).value(for: .readModel) == "/new")
    }

    @Test func a_switch_may_stand_alone() throws {
        #expect(try configuration(["--tls"]).value(for: .tls))
        #expect(try configuration(["--tls", "--replicas", "3"]).value(for: .tls))
        #expect(try !configuration(["--tls", "off", "--replicas", "3"]).value(for: .tls))
        #expect(try !configuration(["--tls=off"], ["EVENTHORIZON_TLS": "on"]).value(for: .tls))
    }

    @Test func an_unknown_flag_is_answered_with_the_nearest() {
        #expect(problems(["--nats-credential", "file"]) == ["there is no flag --nats-credential: did you mean --nats-credentials?"])
        #expect(problems(["--quite-something-else"]) == ["there is no flag --quite-something-else"])
    }

    @Test func a_bad_value_names_the_key_the_value_and_what_is_expected() {
        #expect(
            problems(["--lease-time", "5"])
                == ["--lease-time is '5': expected a duration from 500ms to 5m, with its unit: 500ms, 5s, 2m, 1h"])
        #expect(problems([], ["EVENTHORIZON_PARTITIONS": "0"]) == ["EVENTHORIZON_PARTITIONS is '0': expected a whole number from 1 to 1024"])
        #expect(problems(["--log-format", "xml"]) == ["--log-format is 'xml': expected auto, text or json"])
        #expect(
            problems(["--broker", "http://localhost"])
                == ["--broker is 'http://localhost': expected nats://host:port or kafka://host:port (several with commas) or memory:"])
    }

    @Test func everything_that_is_wrong_is_said_at_once() {
        #expect(problems(["--replicas", "many", "--lease-time", "--tls=perhaps", "stray"], ["EVENTHORIZON_SEATS": "200"]).count == 5)
    }

    @Test func a_flag_at_the_end_without_a_value_is_said() {
        #expect(problems(["--read-model"]) == ["--read-model has no value: expected a path"])
    }

    @Test func secrets_are_never_repeated() {
        let attempts = [
            problems(["--password", "hunter2", "hunter2"]), problems(["--pasword", "hunter2"]), problems(["--pasword=hunter2"]),
            problems(["--broker", "natz://ada:hunter2@host"]), problems(["--password="], ["EVENTHORIZON_TOKEN": "hunter2"]),
        ]
        #expect(attempts.allSatisfy { !$0.isEmpty })
        #expect(!attempts.joined().contains { $0.contains("hunter2") })
    }

    @Test func help_and_version_win_over_what_is_wrong() throws {
        guard case .help = try invoke(["--nonsense", "-h"]) else { return #expect(Bool(false), "no help") }
        guard case .help = try invoke(["--help"]) else { return #expect(Bool(false), "no help") }
        guard case .version = try invoke(["--version"]) else { return #expect(Bool(false), "no version") }
    }

    @Test func a_program_reads_its_own_keys() throws {
        let configuration = try configuration(["--seats", "12"])
        #expect(try configuration.value(for: Self.seats) == 12)
        #expect(try configuration.valueIfSet(for: Self.mailServer) == nil)
        #expect(throws: Misconfiguration("--mail-server is missing: set it, or EVENTHORIZON_MAIL_SERVER, to a text that is not empty")) {
            try configuration.value(for: Self.mailServer)
        }
    }

    @Test func a_key_that_was_not_declared_is_refused() throws {
        let configuration = try configuration([])
        #expect(throws: Misconfiguration.self) { try configuration.value(for: ConfigurationKey<Int>("chairs", .number(in: 1...2), "")) }
    }

    @Test func a_key_declared_twice_is_refused() {
        #expect(throws: Misconfiguration("the program declares the key 'broker' twice: rename its own")) {
            try Invocation(
                worker: "w", application: "w", arguments: [], environment: [:],
                keys: Configuration.builtIn(application: "w") + [ConfigurationKey<String>("broker", .text("X"), "")],
                shared: Configuration.Shared(surroundings: .system))
        }
    }

    @Test func a_misspelt_variable_is_noticed_and_a_foreign_one_is_not() {
        let doubtful = Invocation.doubtfulVariables(
            ["EVENTHORIZON_BROKR": "x", "EVENTHORIZON_MENU_OF_ANOTHER_PROGRAM": "x", "EVENTHORIZON_BROKER": "x", "PATH": "x"],
            keys: Configuration.builtIn(application: "w"))
        #expect(doubtful.map(\.name) == ["EVENTHORIZON_BROKR"])
        #expect(doubtful.map(\.meant) == ["EVENTHORIZON_BROKER"])
    }
}

@Suite struct ConfigurationTypeTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("5s", .seconds(5)), ("2m", .seconds(120)), ("1h", .seconds(3600)), ("1500ms", .milliseconds(1500)),
    ])
    func durations_are_read_and_written_alike(text: String, duration: Duration) {
        let type = ConfigurationType<Duration>.duration(in: .zero ... .seconds(7200))
        #expect(type.parse(text) == duration)
        #expect(type.format(duration) == text)
    }

    @Test(arguments: ["", "5", "s", "-5s", "5 s", "1.5s", "3h", "99999999999999999999s", "5d"])
    func what_is_no_duration_in_range_is_refused(text: String) {
        #expect(ConfigurationType<Duration>.duration(in: .zero ... .seconds(7200)).parse(text) == nil)
    }

    @Test func addresses_to_listen_on() {
        #expect(HTTPAddress("off") == .off)
        #expect(HTTPAddress("127.0.0.1:8080") == .listen(host: "127.0.0.1", port: 8080))
        #expect(HTTPAddress("[::1]:0") == .listen(host: "::1", port: 0))
        #expect(HTTPAddress.listen(host: "::1", port: 9).description == "[::1]:9")
        for wrong in ["", "8080", ":8080", "localhost", "localhost:", "localhost:65536", "::1:80", "http://a:1"] {
            #expect(HTTPAddress(wrong) == nil, "\(wrong)")
        }
    }

    @Test func addresses_of_brokers() throws {
        #expect(BrokerAddress("memory:")?.scheme == .memory)
        let cluster = try #require(BrokerAddress("nats://ada:pw@one:4222,nats://[::1]:4222,nats://three"))
        #expect(cluster.servers == ["nats://ada:pw@one:4222", "nats://[::1]:4222", "nats://three"])
        #expect(cluster.description == "nats://...@one:4222,nats://[::1]:4222,nats://three")
        let brokers = try #require(BrokerAddress("kafka://ada:pw@one:9092,two,kafka://three:9093"))
        #expect(brokers.scheme == .kafka && brokers.servers == ["kafka://ada:pw@one:9092", "kafka://two", "kafka://three:9093"])
        for wrong in [
            "", "localhost:4222", "nats://", "nats://:4222", "nats://a,", "nats://a:port", "nats://a b", "kafka://", "nats://a,kafka://b",
            "nats://a/path",
        ] {
            #expect(BrokerAddress(wrong) == nil, "\(wrong)")
        }
    }
}

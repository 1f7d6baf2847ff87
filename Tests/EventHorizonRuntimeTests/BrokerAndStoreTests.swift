import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonMemory
import EventHorizonSQLite
import EventHorizonWorkers
import Testing

@testable import EventHorizonRuntime

@Suite struct BrokerAndStoreTests {
    func configuration(_ arguments: String..., name: String = "guestlist-projector") throws -> Configuration {
        let invocation = try Invocation(
            worker: name, application: "guestlist", arguments: arguments, environment: [:], keys: Configuration.builtIn(application: "guestlist"),
            shared: Configuration.Shared(surroundings: .system))
        guard case .run(let configuration) = invocation else { throw Misconfiguration("not asked to run") }
        return configuration
    }

    func problems(_ arguments: String...) -> [String] {
        do {
            let invocation = try Invocation(
                worker: "w", application: "w", arguments: arguments, environment: [:], keys: Configuration.builtIn(application: "w"),
                shared: Configuration.Shared(surroundings: .system))
            guard case .run(let configuration) = invocation else { return ["not asked to run"] }
            _ = try configuration.brokerSettings()
            return []
        } catch {
            return (error as? Misconfiguration)?.problems ?? ["another error: \(error)"]
        }
    }

    @Test func memory_is_one_broker_however_often_it_is_asked_for() throws {
        let configuration = try configuration("--broker", "memory:", "--partitions", "3")
        let first = try #require(try configuration.broker() as? MemoryBroker)
        let second = try #require(try configuration.broker() as? MemoryBroker)
        #expect(first === second)
        #expect(first.application == "guestlist")
    }

    @Test func the_read_model_is_the_store_that_the_projector_writes() throws {
        let store: SQLite = try configuration("--read-model", "/data/models").readModel()
        #expect(store.folder == "/data/models")
        let fallback: SQLite = try configuration().readModel()
        #expect(fallback.folder == "./read-models")
    }

    @Test func settings_carry_what_was_given() throws {
        let settings = try configuration(
            "--broker", "nats://one:4222,nats://two:4222", "--application", "party", "--partitions", "16", "--replicas=3", "--lease-time=2s",
            "--user=ada", "--password=pw", "--tls", "--tls-server-name", "nats.example"
        ).brokerSettings()
        #expect(settings.address.servers == ["nats://one:4222", "nats://two:4222"])
        #expect(settings.application == "party")
        #expect(settings.clientName == "guestlist-projector")
        #expect(settings.partitionCount == 16)
        #expect(settings.replicas == 3)
        #expect(settings.leaseTime == .seconds(2))
        #expect(settings.user == "ada")
        #expect(settings.password == "pw")
        #expect(settings.tls == BrokerSettings.TLS(serverName: "nats.example"))
        #expect(!"\(settings)".contains("pw"))
    }

    @Test func contradictions_are_said() {
        #expect(problems("--password=pw") == ["--password is set without --user: set both or neither"])
        #expect(problems("--user=ada", "--token=t") == ["--user and --token are set: one way to prove who this is, choose it"])
        #expect(problems("--tls-server-name=x") == ["--tls is off and keys that begin with --tls- are set: add --tls, or leave them out"])
        #expect(
            problems("--tls", "--tls-key=/no/such/key") == [
                "--tls-key is '/no/such/key': the file cannot be read: No such file or directory",
                "--tls-certificate and --tls-key belong together: set both or neither",
            ])
        #expect(
            problems("--nats-credentials=/no/such.creds")
                == ["--nats-credentials is '/no/such.creds': the file cannot be read: No such file or directory"])
    }

    @Test func a_configuration_shows_no_value() throws {
        let configuration = try configuration("--user=ada", "--password=hunter2")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration)\(String(reflecting: configuration))\(dumped)".contains("hunter2"))
    }

    @Test func keys_change_what_the_program_has_set_only_where_they_are_given() throws {
        struct Nothing: Aggregate {
            static let category = "test.v1.Nothing"
            enum Command: Message {
                case ask
                enum CodingKeys: String, MessageName { case ask = "test.v1.Ask" }
            }
            enum Event: Message {
                case asked
                enum CodingKeys: String, MessageName { case asked = "test.v1.Asked" }
            }
            func decide(_ command: Command) -> [Event] { [.asked] }
            mutating func evolve(with event: Event) {}
        }
        let configuration = try configuration("--broker=memory:", "--retry-budget=3s", "--id-window=20")
        var handler = CommandHandlerWorker(Nothing.self, broker: try configuration.broker())
        handler.settings.sharedCommands = 5
        handler.settings.recentCommands = 6
        var wanted = handler.settings
        wanted.failures.retry.budget = .seconds(3)
        wanted.recentCommands = 20

        var group = WorkerGroup(WorkerGroup(handler), PatientWorker())
        try group.configured(from: configuration)
        let inner = try #require(group.workers[0] as? WorkerGroup)
        #expect((inner.workers[0] as? CommandHandlerWorker)?.settings == wanted)
    }
}

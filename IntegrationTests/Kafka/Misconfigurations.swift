#if Kafka
import EventHorizon
import EventHorizonBridge
import EventHorizonTesting
import ServerSupport
import Testing

@testable import EventHorizonKafka

/// What a person has to mend is said by name, with its value and the remedy.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct Misconfigurations {
    private func problem(_ configuration: KafkaConfiguration) async -> String {
        let broker = KafkaBroker(configuration, surroundings: surroundings)
        let problem = await #expect(throws: Misconfiguration.self) { try await broker.withMember(of: handlers()) { _ in } }
        return problem?.description ?? ""
    }

    private func create(_ topics: [TopicSetup], _ configuration: KafkaConfiguration) async throws {
        try await ForeignThread.run {
            try Admin(client: Client(.producer, .control(configuration))).create(topics)
        }
    }

    @Test func no_broker_at_the_address() async throws {
        var configuration = KafkaConfiguration(servers: ["127.0.0.1:\(try LoopbackPort.free())"], application: "shop")
        configuration.connectDeadline = .seconds(2)
        let problem = await problem(configuration)
        #expect(problem.contains(configuration.servers[0]) && problem.contains("address"), "\(problem)")
    }

    @Test func a_topic_with_another_partition_count() async throws {
        let configuration = try await configuration(sharedServer(), partitions: 4)
        let events = "\(configuration.application).events"
        try await create([TopicSetup(name: events, use: .log(.events), partitionCount: 3, replicas: 1)], configuration)
        let problem = await problem(configuration)
        #expect(problem.contains("'\(events)' has 3 partitions") && problem.contains("wants 4"), "\(problem)")
    }

    @Test func an_application_that_was_created_with_another_partition_count() async throws {
        let configuration = try await configuration(sharedServer(), partitions: 4)
        _ = try await KafkaBroker(configuration, surroundings: surroundings).open()
        var other = configuration
        other.partitionCount = 5
        let problem = await problem(other)
        #expect(problem.contains("4 partitions") && problem.contains("5"), "\(problem)")
    }

    @Test func events_that_would_be_compacted_or_go_with_their_age() async throws {
        for use in [TopicSetup.Use.topology, .replies] {
            let configuration = try await configuration(sharedServer(), partitions: 1)
            let events = "\(configuration.application).events"
            try await create([TopicSetup(name: events, use: use, partitionCount: 1, replicas: 1)], configuration)
            let problem = await problem(configuration)
            let setting = if case .topology = use { "cleanup.policy=compact" } else { "retention.ms=3600000" }
            #expect(problem.contains(events) && problem.contains(setting) && problem.contains("kafka-configs.sh"), "\(problem)")
        }
    }

    @Test func more_replicas_than_there_are_brokers() async throws {
        var configuration = try await configuration(sharedServer())
        configuration.replicas = 3
        let problem = await problem(configuration)
        #expect(problem.contains("3 replicas"), "\(problem)")
    }

    @Test func what_is_dangerous_is_said_when_a_member_starts() async throws {
        let broker = try await broker(sharedServer(), partitions: 1)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.holdAll()
            let dangers = probe.notices.compactMap { if case .dangerous(let reason) = $0 { reason } else { nil } }
            #expect(
                dangers.count == 1 && dangers[0].contains("\(broker.application).events") && dangers[0].contains("min.insync.replicas=2"),
                "\(dangers)")
        }
    }

    @Test func events_that_were_created_anew_are_not_gone_on_with() async throws {
        let configuration = try await configuration(sharedServer(), partitions: 1)
        let broker = KafkaBroker(configuration, surroundings: surroundings)
        try await broker.withMember(of: handlers()) { member in
            let probe = probe(member)
            try await probe.holdAll()
            for number in 0..<5 { #expect(try await probe.append(commit(command("a\(number)")), after: .start).place != nil) }
        }
        let topic = "\(configuration.application).events"
        let ready = try await broker.open()
        try await ForeignThread.run { try ready.admin.delete(topic) }
        try await create([TopicSetup(name: topic, use: .log(.events), partitionCount: 1, replicas: 1)], configuration)
        let again = KafkaBroker(configuration, surroundings: surroundings)
        let problem = await #expect(throws: Misconfiguration.self) {
            try await again.withMember(of: handlers()) { member in
                let probe = probe(member)
                try await probe.wait(for: "it gives up") { probe.isDraining }
            }
        }
        #expect(problem?.description.contains(topic) == true, "\(String(describing: problem))")
    }

    @Test func commands_that_were_created_anew_under_a_member_are_not_gone_on_with() async throws {
        let configuration = try await configuration(sharedServer(), partitions: 1)
        let broker = KafkaBroker(configuration, surroundings: surroundings)
        let topic = "\(configuration.application).commands"
        let problem = await #expect(throws: Misconfiguration.self) {
            try await broker.withMember(of: handlers()) { member in
                let probe = probe(member)
                try await probe.holdAll()
                _ = try await broker.publish((0..<5).map { command("a\($0)", $0) })
                try await probe.wait(for: "the commands are delivered") { probe.commands.count == 5 }
                let ready = try await broker.open()
                try await ForeignThread.run { try ready.admin.delete(topic) }
                try await create([TopicSetup(name: topic, use: .log(.commands), partitionCount: 1, replicas: 1)], configuration)
                try await probe.wait(for: "it gives up") { probe.isDraining }
            }
        }
        #expect(problem?.description.contains(topic) == true, "\(String(describing: problem))")
    }
}
#endif

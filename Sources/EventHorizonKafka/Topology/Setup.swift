#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import Glibc

/// What is known of the cluster and the application after the first use.
struct Ready: Sendable {
    var admin: Admin
    var names: Names
    var partitionCount: Int
    var incarnations: [Log: UInt64]
    /// The largest record that fits into every log with its headers, in bytes.
    var maximumRecordSize: Int
    /// The brokers' limit for a message, in bytes.
    var maximumMessage: Int
    /// As configured, or the least that the brokers allow.
    var sessionTimeout: Duration
    /// What may cost acknowledged records, as sentences.
    var dangers: [String]

    func incarnation(_ log: Log) -> UInt64 { incarnations[log] ?? 0 }
}

/// Connects, and creates or checks topics and topology. Blocks: for a thread of our own.
struct Setup: Sendable {
    let configuration: KafkaConfiguration
    let surroundings: Surroundings

    /// What the library tells while nothing has connected yet.
    private final class Listener: ClientDelegate, @unchecked Sendable {
        // Unchecked: the monitor guards it.
        let last = Monitor<KafkaFailure?>(nil)
        override func failed(_ failure: KafkaFailure) {
            if failure.code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN { last.change { $0 = failure } }
        }
    }

    /// - Parameter isCancelled: Looked at between the attempts.
    func run(isCancelled: @Sendable () -> Bool) throws -> Ready {
        let names = try Names(application: configuration.application)
        guard (1...1024).contains(configuration.partitionCount) else {
            throw Misconfiguration("\(configuration.partitionCount) partitions are not possible: use 1 to 1024")
        }
        let listener = Listener()
        let client = try Client(.producer, .control(configuration), delegate: listener)
        do {
            return try run(names, Admin(client: client), listener, isCancelled)
        } catch {
            client.closeLater()
            throw error
        }
    }

    private func run(_ names: Names, _ admin: Admin, _ listener: Listener, _ isCancelled: () -> Bool) throws -> Ready {
        let deadline = MonotonicTime.now &+ UInt64(max(0, configuration.connectDeadline.nanoseconds))
        let wanted = TopicSetup.all(names, configuration)
        let found = try retrying(until: deadline, admin, listener, isCancelled) {
            var found = try admin.topics()
            let missing = wanted.filter { found[$0.name] == nil }
            if missing.isEmpty { return found }
            guard configuration.createsApplication else {
                throw Misconfiguration(
                    "there is no application '\(configuration.application)' on this Kafka cluster, which has no topic '\(missing[0].name)': mend "
                        + "--application or --broker, or start a worker of it first")
            }
            try admin.create(missing)
            // Every broker has to hear of it.
            while MonotonicTime.now < deadline {
                found = try admin.topics()
                if wanted.allSatisfy({ found[$0.name].map { $0.partitionCount > 0 && $0.failure == nil } ?? false }) { return found }
                usleep(50_000)
            }
            throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT, "topics that were created are not there: \(missing.map(\.name).joined(separator: ", "))")
        }
        for topic in wanted where configuration.createsApplication {
            guard let known = found[topic.name], known.partitionCount != topic.partitionCount else { continue }
            throw Misconfiguration(
                "the topic '\(topic.name)' has \(known.partitionCount) partitions and this worker wants \(topic.partitionCount): every log of an "
                    + "application has the same number and it cannot change, so set it to \(known.partitionCount), or name another application")
        }
        let settings = try retrying(until: deadline, admin, listener, isCancelled) { try admin.settings(of: wanted.map(\.name)) }
        var maximum = Int.max
        var dangers: [(danger: TopicSetup.Danger, topics: [String])] = []
        for topic in wanted {
            let own = settings[topic.name] ?? [:]
            let replicas = found[topic.name]?.replicaCount ?? 1
            if let problem = topic.problem(in: own, replicas: replicas) { throw Misconfiguration(problem) }
            if let danger = topic.danger(in: own, replicas: replicas) {
                if let known = dangers.firstIndex(where: { $0.danger == danger }) {
                    dangers[known].topics.append(topic.name)
                } else {
                    dangers.append((danger, [topic.name]))
                }
            }
            if let size = own["max.message.bytes"].flatMap({ Int($0) }) { maximum = min(maximum, size) }
        }
        if maximum == .max { maximum = 1_048_588 }
        let topology = TopologyStore(configuration: configuration, names: names, admin: admin, randomness: surroundings.randomness)
        let incarnations = Dictionary(uniqueKeysWithValues: Log.allCases.map { ($0, surroundings.randomness.next() | 1) })
        let recorded = try topology.create(
            Topology(partitionCount: configuration.partitionCount, incarnations: incarnations), until: deadline, isCancelled: isCancelled)
        guard recorded.partitionCount == configuration.partitionCount || !configuration.createsApplication else {
            throw Misconfiguration(
                "application '\(configuration.application)' was created with \(recorded.partitionCount) partitions and this worker wants "
                    + "\(configuration.partitionCount): the count cannot change, so set it to \(recorded.partitionCount)")
        }
        let least = admin.brokerSettings()["group.min.session.timeout.ms"].flatMap { Int($0) } ?? 0
        // Key, headers and the batch around it travel with a record.
        return Ready(
            admin: admin, names: names, partitionCount: recorded.partitionCount, incarnations: recorded.incarnations,
            maximumRecordSize: max(1, maximum - 8_192), maximumMessage: maximum,
            sessionTimeout: max(configuration.sessionTimeout, .milliseconds(least)), dangers: dangers.map { $0.danger.sentence(of: $0.topics) })
    }

    /// Tries again what a broker that is away or not ready makes fail.
    private func retrying<Value>(
        until deadline: UInt64, _ admin: Admin, _ listener: Listener, _ isCancelled: () -> Bool, _ body: () throws -> Value
    ) throws -> Value {
        while true {
            do {
                return try body()
            } catch let failure as KafkaFailure {
                rd_kafka_poll(admin.client.handle, 0)
                let told = listener.last.read { $0 }
                let servers = configuration.servers.joined(separator: ",")
                for refusal in [failure, told].compactMap({ $0 }) where refusal.isRefusal {
                    throw Misconfiguration(
                        "the Kafka broker at \(servers) refuses this client (\(refusal)): mend --user and --password, --sasl-mechanism, the file of --tls-ca, "
                            + "--tls-certificate with --tls-key, or the rights of the user \(configuration.user.map { "'\($0)'" } ?? "(none is set)")"
                    )
                }
                if failure.code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR {
                    throw Misconfiguration(
                        "topics with \(configuration.replicas) replicas cannot be created (\(failure)): start that many brokers, or ask for fewer replicas"
                    )
                }
                if isCancelled() { throw BrokerError(.cancelled, "setting up Kafka was cancelled") }
                guard MonotonicTime.now < deadline else {
                    throw Misconfiguration(
                        "no Kafka broker at \(servers) can be used within \(configuration.connectDeadline) (\(told ?? failure)): look at the address, "
                            + "whether the broker runs, and whether it asks for --tls or --user")
                }
                usleep(200_000)
            }
        }
    }
}
#endif

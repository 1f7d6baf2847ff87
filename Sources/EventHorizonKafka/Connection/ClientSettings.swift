#if Kafka
import EventHorizon

/// librdkafka's settings for the kinds of clients that an application has.
struct ClientSettings: Sendable {
    private(set) var values: [(String, String)]
    /// Whether the client is told of rebalances.
    private(set) var watchesGroup = false

    /// What all have in common.
    init(_ configuration: KafkaConfiguration, role: String) {
        values = [
            ("bootstrap.servers", configuration.servers.joined(separator: ",")), ("client.id", "\(configuration.clientName).\(role)"),
            ("reconnect.backoff.ms", "50"), ("reconnect.backoff.max.ms", "1000"), ("socket.keepalive.enable", "true"),
            ("socket.connection.setup.timeout.ms", "5000"),
            // A broker that is slow is waited for, and one that is gone without a word noticed before a transaction ends.
            ("socket.timeout.ms", "10000"), ("topic.metadata.propagation.max.ms", "10000"),
        ]
        let isEncrypted = configuration.tls != nil
        if let user = configuration.user {
            values += [
                ("security.protocol", isEncrypted ? "sasl_ssl" : "sasl_plaintext"), ("sasl.mechanism", configuration.mechanism.rawValue),
                ("sasl.username", user), ("sasl.password", configuration.password ?? ""),
            ]
        } else if isEncrypted {
            values.append(("security.protocol", "ssl"))
        }
        if let tls = configuration.tls {
            if let ca = tls.ca { values.append(("ssl.ca.location", ca)) }
            if let certificate = tls.certificate { values.append(("ssl.certificate.location", certificate)) }
            if let key = tls.key { values.append(("ssl.key.location", key)) }
        }
    }

    private func with(_ more: (String, String)...) -> ClientSettings {
        var settings = self
        settings.values += more
        return settings
    }

    /// For questions and administration. Watermarks are those of all records, the open transactions' included.
    static func control(_ configuration: KafkaConfiguration) -> ClientSettings {
        ClientSettings(configuration, role: "control").with(
            ("isolation.level", "read_uncommitted"), ("acks", "all"), ("message.timeout.ms", "10000"),
            ("linger.ms", "0"), ("queue.buffering.max.messages", "1000"))
    }

    /// For commands that are published, and for answers: in order, once, for as long as it takes.
    static func publisher(_ configuration: KafkaConfiguration, maximumMessage: Int) -> ClientSettings {
        ClientSettings(configuration, role: "publisher").with(
            ("enable.idempotence", "true"), ("acks", "all"), ("message.timeout.ms", "0"), ("retry.backoff.ms", "20"),
            // Requests, not records, are what a broker's time goes into.
            ("linger.ms", "2"),
            ("queue.buffering.max.messages", "200000"), ("message.max.bytes", "\(maximumMessage)"),
            ("batch.size", "\(min(1_000_000, maximumMessage))"))
    }

    /// For one of the turns of a partition's transactions.
    static func transactional(_ configuration: KafkaConfiguration, id: String, maximumMessage: Int) -> ClientSettings {
        ClientSettings(configuration, role: "writer").with(
            ("transactional.id", id), ("transaction.timeout.ms", "\(transactionTimeout)"), ("acks", "all"),
            ("socket.timeout.ms", "\(transactionTimeout)"),
            // What the broker still finishes of the last transaction is asked for again soon, not after the default's 100 ms.
            ("retry.backoff.ms", "5"),
            // A batch is flushed when it is whole, which sends at once whatever lingers.
            ("linger.ms", "1000"), ("queue.buffering.max.messages", "200000"), ("message.max.bytes", "\(maximumMessage)"),
            ("batch.size", "\(min(1_000_000, maximumMessage))"))
    }

    /// In milliseconds: how long an open transaction of a dead process may hide what comes after it.
    static let transactionTimeout = 5_000

    /// For a member's place in its group. It reads nothing.
    static func membership(_ configuration: KafkaConfiguration, group: String, sessionTimeout: Duration) -> ClientSettings {
        let session = max(1, Int(sessionTimeout.nanoseconds / 1_000_000))
        var settings = reading(configuration, group: group, role: "member").with(
            ("session.timeout.ms", "\(session)"), ("heartbeat.interval.ms", "\(max(100, min(1_000, session / 4)))"),
            ("partition.assignment.strategy", "cooperative-sticky"))
        if let name = configuration.staticMember { settings.values.append(("group.instance.id", name)) }
        settings.watchesGroup = true
        return settings
    }

    /// For reading partitions from positions that we name.
    static func reader(_ configuration: KafkaConfiguration, group: String, ahead: ReadAhead) -> ClientSettings {
        reading(configuration, group: group, role: "reader").with(
            // A partition that has room again waits for the broker's answer about the others.
            ("fetch.wait.max.ms", "100"), ("fetch.message.max.bytes", "262144"), ("queued.min.messages", "\(ahead.messages)"),
            ("queued.max.messages.kbytes", "\(ahead.bytes >> 10)"), ("fetch.error.backoff.ms", "50"))
    }

    /// For reading a partition to its end, once.
    static func catchingUp(_ configuration: KafkaConfiguration, group: String) -> ClientSettings {
        reading(configuration, group: group, role: "catching-up").with(
            ("enable.partition.eof", "true"), ("fetch.wait.max.ms", "50"), ("fetch.message.max.bytes", "1048576"), ("queued.min.messages", "5000"),
            ("queued.max.messages.kbytes", "4096"), ("fetch.error.backoff.ms", "50"))
    }

    private static func reading(_ configuration: KafkaConfiguration, group: String, role: String) -> ClientSettings {
        ClientSettings(configuration, role: role).with(
            ("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("auto.offset.reset", "error"),
            ("isolation.level", "read_committed"), ("allow.auto.create.topics", "false"), ("max.poll.interval.ms", "300000"))
    }
}
#endif

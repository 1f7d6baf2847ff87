public import EventHorizon
internal import EventHorizonMemory

#if NATS
internal import EventHorizonNATS
#endif
#if Kafka
internal import EventHorizonKafka
#endif

/// The broker that the address names, out of those that this build links. It connects when it is first used.
///
/// - Throws: `Misconfiguration` where the build does not link it, or it cannot do what is asked for.
public func broker(_ settings: BrokerSettings, surroundings: Surroundings) throws -> any Broker {
    switch settings.address.scheme {
    case .memory: return MemoryBroker(application: settings.application, partitionCount: settings.partitionCount, surroundings: surroundings)
    case .nats:
        #if NATS
        return NATSBroker(NATSConfiguration(settings), surroundings: surroundings)
        #else
        throw Misconfiguration(
            "the broker '\(settings.address)' needs the NATS broker, which this program was built without: "
                + "enable the trait NATS of the package event-horizon, or use memory:")
        #endif
    case .kafka:
        #if Kafka
        return KafkaBroker(try KafkaConfiguration(settings), surroundings: surroundings)
        #else
        throw Misconfiguration(
            "the broker '\(settings.address)' needs the Kafka broker, which this program was built without: "
                + "enable the trait Kafka of the package event-horizon, or use memory:")
        #endif
    }
}

#if NATS
extension NATSConfiguration {
    init(_ settings: BrokerSettings) {
        self.init(
            servers: settings.address.servers, application: settings.application, connectionName: settings.clientName,
            partitionCount: settings.partitionCount, replicas: settings.replicas, leaseTime: settings.leaseTime, user: settings.user,
            password: settings.password, token: settings.token, credentialsFile: settings.natsCredentials,
            tls: settings.tls.map { TLS(ca: $0.authorities, certificate: $0.certificate, key: $0.key, serverName: $0.serverName) },
            duplicateWindow: settings.duplicateWindow, connectDeadline: settings.connectDeadline, trimming: Trimming(settings.trimming))
        createsApplication = settings.createsApplication
    }
}

extension NATSConfiguration.Trimming {
    init(_ trimming: BrokerSettings.Trimming) {
        self =
            switch trimming {
            case .automatic: .automatic
            case .on: .on
            case .off: .off
            }
    }
}
#endif

#if Kafka
extension KafkaConfiguration {
    /// - Throws: `Misconfiguration` for what librdkafka cannot do.
    init(_ settings: BrokerSettings) throws {
        guard settings.tls?.serverName == nil else {
            throw Misconfiguration(
                "a name to expect in the server's certificate cannot be given for Kafka: leave it out, and reach the brokers by a name that their "
                    + "certificates bear")
        }
        var (user, password) = (settings.user, settings.password)
        let servers = settings.address.servers.map { server in
            let place = server.dropFirst("kafka://".count)
            guard let at = place.lastIndex(of: "@") else { return Self.withPort(place) }
            let parts = place[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = String(parts[0])
            password = parts.count > 1 ? String(parts[1]) : ""
            return Self.withPort(place[place.index(after: at)...])
        }
        self.init(
            servers: servers, application: settings.application, clientName: settings.clientName, partitionCount: settings.partitionCount,
            replicas: settings.replicas, sessionTimeout: settings.leaseTime, staticMember: settings.staticMember, user: user, password: password,
            mechanism: Mechanism(settings.mechanism),
            tls: settings.tls.map { TLS(ca: $0.authorities, certificate: $0.certificate, key: $0.key) },
            replicaFolder: settings.replicaFolder, connectDeadline: settings.connectDeadline, trims: settings.trimming != .off)
        createsApplication = settings.createsApplication
    }

    private static func withPort(_ place: Substring) -> String {
        let hasPort = place.lastIndex(of: ":").map { !place[$0...].contains("]") } ?? false
        return hasPort ? String(place) : "\(place):9092"
    }
}

extension KafkaConfiguration.Mechanism {
    init(_ mechanism: BrokerSettings.Mechanism) {
        self =
            switch mechanism {
            case .plain: .plain
            case .scramSHA256: .scramSHA256
            case .scramSHA512: .scramSHA512
            }
    }
}
#endif

public import EventHorizon
internal import EventHorizonMemory

#if NATS
internal import EventHorizonNATS
#endif

/// The broker that the address names, out of those that this build links. It connects when it is first used.
///
/// - Throws: `Misconfiguration` where the build does not link it.
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

public import EventHorizon
internal import EventHorizonMemory

/// The broker that the address names, out of those that this build links. It connects when it is first used.
///
/// - Throws: `Misconfiguration` where the build does not link it, or what the broker says of its settings.
public func broker(_ settings: BrokerSettings, surroundings: Surroundings) throws -> any Broker {
    switch settings.address.scheme {
    case .memory: MemoryBroker(application: settings.application, partitionCount: settings.partitionCount, surroundings: surroundings)
    case .nats: throw Misconfiguration("this build has no NATS broker yet: use memory:")
    }
}

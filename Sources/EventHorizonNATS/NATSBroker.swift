#if NATS
public import EventHorizon
import EventHorizonBridge

/// Event Horizon on NATS JetStream, through libnats.
///
/// Nothing is connected before the first use. Publishing, each member of a group, and leases with set-up have a connection with a thread each, so that
/// none waits for another. What a person must mend is thrown as `Misconfiguration`; a server that goes away later is waited for.
///
/// Durability is the server's: it must run with `sync_interval: always` (from 2.10) or replicate its streams, or what it acknowledged can be lost
/// with its machine.
public final class NATSBroker: Broker {
    public let application: String
    public let surroundings: Surroundings
    let configuration: NATSConfiguration
    private let connector: Connector
    private let ready = SingleFlight<Ready>()
    private let publisher = SingleFlight<Publisher>()

    /// No IO happens here.
    public init(_ configuration: NATSConfiguration, surroundings: Surroundings) {
        application = configuration.application
        self.configuration = configuration
        self.surroundings = surroundings
        connector = Connector(configuration: configuration, clock: surroundings.clock)
    }

    deinit {
        publisher.take()?.link.closeLater()
        ready.take()?.control.closeLater()
    }

    /// The largest record is the server's default until a connection was made.
    public var features: BrokerFeatures {
        BrokerFeatures(atomicSettle: false, durable: true, maximumRecordSize: ready.current?.maximumRecordSize ?? (1 << 20) - 8_192)
    }

    public func publish(_ commands: [Envelope]) async throws -> [PublishResult] {
        try await openPublisher().publish(commands)
    }

    public func request(_ command: Envelope, within limit: Duration) async throws -> Answer {
        try await openPublisher().request(command, within: limit)
    }

    public func withMember<Value: Sendable>(of group: GroupDeclaration, _ body: (any GroupMember) async throws -> Value) async throws -> Value {
        try await withNATSMember(of: group, body)
    }

    func withNATSMember<Value: Sendable>(of group: GroupDeclaration, _ body: (NATSMember) async throws -> Value) async throws -> Value {
        guard !group.name.isEmpty, SubjectToken.escaped(group.name).utf8.count <= 512 else {
            throw Misconfiguration("'\(group.name)' is no name for a group on NATS: use 1 to 170 bytes")
        }
        let ready = try await open()
        let lease = UInt64(max(configuration.leaseTime.nanoseconds, 100_000_000))
        try await TopologyStore(requests: ready.requests, names: ready.names, clock: surroundings.clock).record(group, lease: lease)
        let link = try await connector.connect()
        do {
            let member = try NATSMember(
                id: surroundings.makeID().description, ready: ready, link: link, group: group,
                lease: lease, trims: trims(on: ready.server.version), clock: surroundings.clock)
            let value = try await withThrowingTaskGroup(of: Void.self, returning: Value.self) { tasks in
                // The keeper has the control connection's thread: a slow decision on the member's own stops no renewal.
                tasks.addTask(executorPreference: ready.control.loop) { await member.keeper.run() }
                defer { member.keeper.leave() }
                let value = try await body(member)
                if let reason = member.closure { throw connector.ending(reason) }
                return value
            }
            await link.close()
            return value
        } catch {
            await link.close()
            throw error
        }
    }

    public func read(_ range: LogRange, _ body: ([LogRecord]) async throws -> Bool) async throws {
        let ready = try await open()
        // A connection of its own: a long log must not hold up leases.
        let link = try await connector.connect()
        do {
            try await RangeReader(ready: ready, link: link, range: range, ending: connector.ending).run(body)
            await link.close()
        } catch {
            await link.close()
            throw error
        }
    }

    private func trims(on version: ServerVersion) -> Bool {
        switch configuration.trimming {
        case .automatic: version >= ServerVersion(2, 10, 0)
        case .on: true
        case .off: false
        }
    }

    /// Connects and sets up, the first time.
    func open() async throws -> Ready {
        try await ready.value {
            try await Setup(configuration: configuration, connector: connector, clock: surroundings.clock).run()
        }
    }

    private func openPublisher() async throws -> Publisher {
        if let publisher = publisher.current { return publisher }
        let ready = try await open()
        return try await publisher.value {
            let link = try await connector.connect()
            do {
                return try Publisher(ready: ready, link: link, ending: connector.ending)
            } catch {
                await link.close()
                throw error
            }
        }
    }
}
#endif

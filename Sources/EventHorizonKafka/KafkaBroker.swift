#if Kafka
public import EventHorizon
import EventHorizonBridge
import Synchronization

/// Event Horizon on Kafka, through librdkafka.
///
/// Nothing is connected before the first use. What one outcome stores for one partition is one transaction with the group's offsets, so that readers see
/// all of it or nothing, and a member that was thought dead stores nothing any more. Who holds a partition of the commands is the only one to write its
/// categories' commits to the same partition of the events; what it loads comes from a local replica in `replicaFolder`.
///
/// What a person must mend is thrown as `Misconfiguration`; a cluster that goes away later is waited for.
///
/// Durability is the cluster's: three replicas with `min.insync.replicas=2`, or what it acknowledged can be lost with a machine. What is dangerous in
/// the topics' settings is told to each member as a notice.
public final class KafkaBroker: Broker {
    public let application: String
    public let surroundings: Surroundings
    let configuration: KafkaConfiguration
    private let ready = SingleFlight<Ready>()
    private let publisher = SingleFlight<Publisher>()
    private let replies = SingleFlight<Replies>()

    /// No IO happens here.
    public init(_ configuration: KafkaConfiguration, surroundings: Surroundings) {
        application = configuration.application
        self.configuration = configuration
        self.surroundings = surroundings
    }

    deinit {
        replies.take()?.close()
        publisher.take()?.close()
    }

    /// The largest record is the brokers' default until a connection was made.
    public var features: BrokerFeatures {
        BrokerFeatures(atomicSettle: true, durable: true, maximumRecordSize: ready.current?.maximumRecordSize ?? 1_048_588 - 8_192)
    }

    public func publish(_ commands: [Envelope]) async throws -> [PublishResult] {
        try await openPublisher().publish(commands)
    }

    public func request(_ command: Envelope, within limit: Duration) async throws -> Answer {
        let due = MonotonicTime.now &+ UInt64(max(0, limit.nanoseconds))
        let publisher = try await openPublisher()
        let ready = try await open()
        let replies = try await replies.value {
            let name = surroundings.makeID().description
            return try await ForeignThread.run { [configuration] in try Replies.start(configuration, ready: ready, name: name) }
        }
        let address = replies.open()
        defer { replies.forget(address) }
        var command = command
        command.replyTo = address.description
        let sent = command
        return try await withThrowingTaskGroup(of: Answer?.self) { tasks in
            tasks.addTask { try await replies.answer(to: address, due: due) }
            tasks.addTask {
                for case .refused(let reason) in try await publisher.publish([sent]) { throw BrokerError(.refused, reason) }
                return nil
            }
            defer { tasks.cancelAll() }
            while let ended = try await tasks.next() {
                if let ended { return ended }
            }
            throw Publisher.cancelled
        }
    }

    public func withMember<Value: Sendable>(of group: GroupDeclaration, _ body: (any GroupMember) async throws -> Value) async throws -> Value {
        try await withKafkaMember(of: group, body)
    }

    func withKafkaMember<Value: Sendable>(of group: GroupDeclaration, _ body: (KafkaMember) async throws -> Value) async throws -> Value {
        guard !group.name.isEmpty, group.name.utf8.count <= 170 else {
            throw Misconfiguration("'\(group.name)' is no name for a group: use 1 to 170 bytes")
        }
        let ready = try await open()
        let publisher = try await openPublisher()
        let starts = try await blocking { [configuration, surroundings] isCancelled in
            try TopologyStore(configuration: configuration, names: ready.names, admin: ready.admin, randomness: surroundings.randomness)
                .record(group, sessionTimeout: ready.sessionTimeout, isCancelled: isCancelled)
        }
        let member = try KafkaMember(
            id: surroundings.makeID().description, configuration: configuration, ready: ready, group: group, starts: starts, publisher: publisher,
            clock: surroundings.clock)
        do {
            let value = try await body(member)
            await member.leave(isClean: true)
            if let failure = member.failure { throw failure }
            return value
        } catch {
            await member.leave(isClean: false)
            throw error
        }
    }

    public func read(_ range: LogRange, _ body: ([LogRecord]) async throws -> Bool) async throws {
        let ready = try await open()
        let reader = RangeReader(range, ready: ready, by: LogReading(configuration: configuration, group: ready.names.topic(range.log)))
        let parts = try await blocking { _ in try reader.parts() }
        for part in parts {
            var part = part
            while part.next < part.end {
                let rest = part
                let (records, next) = try await blocking { isCancelled in try reader.batch(of: rest, isCancelled: isCancelled) }
                if Task.isCancelled { throw BrokerError(.cancelled, "reading '\(ready.names.topic(range.log))' was cancelled", isRetriable: true) }
                if !records.isEmpty, try await !body(records) { return }
                part.next = next
            }
        }
    }

    /// Connects and sets up, the first time.
    func open() async throws -> Ready {
        try await ready.value {
            try await blocking { [configuration, surroundings] isCancelled in
                try Setup(configuration: configuration, surroundings: surroundings).run(isCancelled: isCancelled)
            }
        }
    }

    private func openPublisher() async throws -> Publisher {
        if let publisher = publisher.current { return publisher }
        let ready = try await open()
        return try await publisher.value { try Publisher.start(configuration, ready: ready) }
    }

    /// Runs what blocks on a thread of its own, and tells it when the task is cancelled.
    private func blocking<Value: Sendable>(_ body: @escaping @Sendable (@Sendable () -> Bool) throws -> Value) async throws -> Value {
        let isCancelled = Monitor(false)
        return try await withTaskCancellationHandler {
            do {
                return try await ForeignThread.run { try body { isCancelled.read { $0 } } }
            } catch let failure as KafkaFailure {
                throw BrokerError(.unavailable, "Kafka: \(failure)", isRetriable: true)
            }
        } onCancel: {
            isCancelled.change { $0 = true }
        }
    }
}
#endif

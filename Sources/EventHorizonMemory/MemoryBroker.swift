public import EventHorizon
internal import EventHorizonWire
internal import Synchronization

/// A broker in the process's own memory: partitioned logs with conditional append, groups, requests; no server and no durability.
///
/// For tests, examples and whole applications in one process. What is stored is the wire's bytes, so that what passes here passes on the wire. Time,
/// ids and faults come from outside: with a clock and an executor of a test's own, the same seed gives the same run.
///
/// Positions are one sequence per log across its partitions, as on JetStream, so that they have gaps within a partition. Skipped records take no
/// credit. With `atomicSettle` what one outcome stores for one partition is stored whole or not at all: where an append of it conflicts and there is
/// more than conflicts, the partition is lost and claimed again. A record that is refused is no part of it.
///
/// Safe to use from any task and thread.
public final class MemoryBroker: Broker {
    public let application: String
    public let features: BrokerFeatures
    public let surroundings: Surroundings
    private let state: Mutex<MemoryState>

    /// The largest record of a memory broker, in bytes: JetStream's default.
    public static let maximumRecordSize = 1_048_576

    /// - Parameters:
    ///   - application: The application whose logs these are.
    ///   - partitionCount: Of every log; at least 1.
    ///   - surroundings: Clock, ids and failpoints.
    ///   - faults: What goes wrong, by seed; nil: nothing.
    ///   - atomicSettle: Whether an outcome is stored whole or not at all.
    public init(
        application: String = "app", partitionCount: Int = Topology.defaultPartitionCount, surroundings: Surroundings, faults: MemoryFaults? = nil,
        atomicSettle: Bool = false
    ) {
        precondition(partitionCount > 0, "a log has at least one partition, not \(partitionCount)")
        self.application = application
        self.surroundings = surroundings
        let features = BrokerFeatures(atomicSettle: atomicSettle, durable: false, maximumRecordSize: Self.maximumRecordSize)
        self.features = features
        // Never zero, which is what an absent number reads as on the wire.
        let incarnations = Log.allCases.map { _ in surroundings.randomness.next() | 1 }
        state = Mutex(
            MemoryState(partitionCount: partitionCount, incarnations: incarnations, features: features, faults: faults, clock: surroundings.clock))
    }

    /// With the machine's clocks and randomness.
    public convenience init(
        application: String = "app", partitionCount: Int = Topology.defaultPartitionCount, faults: MemoryFaults? = nil, atomicSettle: Bool = false
    ) {
        self.init(
            application: application, partitionCount: partitionCount, surroundings: Surroundings(clock: MemoryClock()), faults: faults,
            atomicSettle: atomicSettle)
    }

    /// What goes wrong here, if anything. Can be changed while the broker is used; under the same seed the draws go on where they are. What is under way
    /// when faults are switched off still arrives.
    public var faults: MemoryFaults? {
        get { withState { state in state.faults } }
        set {
            withState { state in
                if let seed = newValue?.seed, seed != state.faults?.seed { state.random = SeededRandom(seed: seed) }
                state.faults = newValue
                state.recordAll()
            }
        }
    }

    public func publish(_ commands: [Envelope]) async throws -> [PublishResult] {
        var open = Array(commands.indices)
        var results: [PublishResult?] = commands.map { _ in nil }
        var isRepeat = false
        while true {
            let (round, due) = withState { state in state.round(of: open.map { commands[$0] }, isRepeat: isRepeat) }
            for (index, result) in zip(open, round) { results[index] = result }
            open.removeAll { results[$0] != nil }
            if let due { await surroundings.clock.sleep(until: due) }
            if open.isEmpty { return results.compactMap { $0 } }
            isRepeat = true
        }
    }

    public func request(_ command: Envelope, within limit: Duration) async throws -> Answer {
        let deadline = surroundings.clock.now + limit
        let address = withState { state in state.openRequest() }
        defer { withState { state in state.requests[address] = nil } }
        var command = command
        command.replyTo = address
        for case .refused(let reason) in try await publish([command]) { throw BrokerError(.refused, reason) }
        let answer = await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await surroundings.clock.sleep(until: deadline)
                close(address)
            }
            let answer = await withCheckedContinuation { waiter in wait(for: address, waiter) }
            group.cancelAll()
            return answer
        }
        if let answer { return answer }
        if Task.isCancelled { throw BrokerError(.cancelled, "the task that waited for the answer to command \(command.id) was cancelled") }
        throw BrokerError(
            .deadlineExceeded,
            "no answer to command \(command.id) within \(limit): it is stored and will be handled when a command handler for "
                + "'\(command.stream.category)' runs", isRetriable: true)
    }

    public func withMember<Value: Sendable>(of group: GroupDeclaration, _ body: (any GroupMember) async throws -> Value) async throws -> Value {
        let (number, id, topology) = try withState { state in
            let joined = try state.join(group)
            return (joined.number, joined.id, state.topology)
        }
        let member = MemoryMember(
            broker: self, number: number, id: id, partitionCount: topology.partitionCount, incarnation: topology.incarnations[group.log] ?? 0,
            eventsIncarnation: topology.incarnations[.events] ?? 0)
        do {
            let value = try await body(member)
            withState { state in state.leave(number, isClean: true) }
            return value
        } catch {
            withState { state in state.leave(number, isClean: false) }
            throw error
        }
    }

    private func close(_ address: String) {
        withState { state in state.close(address, with: nil) }?.resume(returning: nil)
    }

    private func wait(for address: String, _ waiter: CheckedContinuation<Answer?, Never>) {
        let (isClosed, answer): (Bool, Answer?) = withState { state in
            switch state.requests[address] {
            case .closed(let answer): return (true, answer)
            case .open, .waiting, nil:
                state.requests[address] = .waiting(waiter)
                return (false, nil)
            }
        }
        if isClosed { waiter.resume(returning: answer) }
    }

    /// Wakes a member.
    func wake(_ number: Int) {
        withState { state in if let member = state.index(of: number) { state.wake(member) } }
    }

    /// Does something under the lock, then wakes outside of it whom it concerns.
    func withState<Value: Sendable>(_ body: (inout MemoryState) throws -> Value) rethrows -> Value {
        let (value, wakes) = try state.withLock { state in
            let value = try body(&state)
            return (value, state.takeWakes())
        }
        for wake in wakes { wake.resume() }
        return value
    }
}

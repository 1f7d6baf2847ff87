internal import EventHorizon
internal import EventHorizonMemory

/// The simulation's broker as one process has it: every call is a point at which the process can be killed, and a killed process reaches nothing.
struct SimulatedBroker: Broker {
    let process: SimulatedProcess

    var application: String { process.shared.application }
    var features: BrokerFeatures { process.shared.features }
    var surroundings: Surroundings {
        var surroundings = process.shared.surroundings
        surroundings.failpoints = Steps(process: process)
        surroundings.turnstile = process.turnstile
        return surroundings
    }

    func publish(_ commands: [Envelope]) async throws -> [PublishResult] {
        try await checkLife()
        return try await process.shared.publish(commands)
    }

    func request(_ command: Envelope, within limit: Duration) async throws -> Answer {
        try await checkLife()
        return try await process.shared.request(command, within: limit)
    }

    func withMember<Value: Sendable>(of group: GroupDeclaration, _ body: (any GroupMember) async throws -> Value) async throws -> Value {
        try await checkLife()
        return try await process.shared.withMember(of: group) { member in try await body(SimulatedMember(base: member, process: process)) }
    }

    func read(_ range: LogRange, _ body: ([LogRecord]) async throws -> Bool) async throws {
        try await checkLife()
        try await process.shared.read(range) { records in
            try await checkLife()
            return try await body(records)
        }
    }

    /// Goes on only for a process that lives, or one that is being buried, which gets no further.
    private func checkLife() async throws {
        await Task.yield()
        if process.isKilled { throw BrokerError(.cancelled, "\(process.name) was killed") }
    }

    private struct Steps: Failpoints {
        let process: SimulatedProcess
        func reach(_ step: Failpoint) { process.reach(step) }
    }
}

/// A member whose process may be killed or slow at every call.
final class SimulatedMember: GroupMember {
    private let base: any GroupMember
    private let process: SimulatedProcess

    init(base: any GroupMember, process: SimulatedProcess) {
        self.base = base
        self.process = process
    }

    var id: String { base.id }
    var partitionCount: Int { base.partitionCount }
    var incarnation: UInt64 { base.incarnation }
    var eventsIncarnation: UInt64 { base.eventsIncarnation }
    var executor: (any TaskExecutor)? { nil }

    func next(_ turn: inout Turn, until deadline: Instant?) async {
        // A turn may be there at once: others come in between all the same. A process that was killed in this very job stays here.
        await Task.yield()
        if !process.isKilled {
            await base.next(&turn, until: deadline)
            if process.dice.draw(\.slowTurn, as: "slow turns") { await process.beSlow() }
        }
        // Being buried: it learns that it has nothing.
        guard process.isKilled else { return }
        turn.removeAll()
        turn.lost = Array(0..<partitionCount)
        turn.isDraining = true
    }

    func submit(_ outcome: inout Outcome) {
        if process.isKilled { return outcome.removeAll() }
        guard !outcome.isEmpty, process.dice.draw(\.killInSubmit, as: "kills with an outcome in part handed over") else {
            return base.submit(&outcome)
        }
        let count = outcome.appends.count + outcome.messages.count + outcome.letters.count + outcome.progress.count + outcome.tries.count
        let isWhole = process.shared.features.atomicSettle
        _ = outcome.keep(first: isWhole ? process.dice.below(2) * count : process.dice.below(count + 1))
        outcome.releases.removeAll()
        base.submit(&outcome)
        process.seeded.kill()
    }
}

extension SimulatedProcess {
    /// Mostly for a moment, now and then for longer than the lease.
    func beSlow() async {
        let lease = shared.faults?.lease ?? .seconds(1)
        let limit = dice.below(4) == 0 ? lease * 3 / 2 : .milliseconds(20)
        let clock = shared.surroundings.clock
        await clock.sleep(until: clock.now + dice.duration(.milliseconds(1)...limit))
    }
}

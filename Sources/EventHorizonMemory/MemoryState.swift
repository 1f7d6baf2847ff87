internal import EventHorizon
internal import EventHorizonWire

/// Everything that a broker holds. Touched only under its lock; whom to wake afterwards gathers in `wakes`.
///
/// Nothing here iterates over a set or a dictionary: what happens depends on the calls, their order and the seed alone.
struct MemoryState {
    enum Request {
        case open
        case waiting(CheckedContinuation<Answer?, Never>)
        case closed(Answer?)
    }

    let features: BrokerFeatures
    var faults: MemoryFaults?
    let clock: any WorkerClock
    let codec = WireCodec()
    var random: SeededRandom
    var topology: Topology
    var logs: [MemoryLog]
    var groups: [GroupState] = []
    /// In order of joining.
    var members: [MemberState] = []
    var memberCount = 0
    var requests: [String: Request] = [:]
    var requestCount = 0
    /// What is on its way to a log, in order of arrival.
    var underWay: [UnderWay] = []
    /// How often in a row a stream was read as it was.
    var staleReads: [StreamID: Int] = [:]
    /// How often each switch of `MemoryFaults.switches` came true.
    var faultCounts = MemoryFaults.switches.map { _ in 0 }
    private var wakes: [CheckedContinuation<Void, Never>] = []

    init(partitionCount: Int, incarnations: [UInt64], features: BrokerFeatures, faults: MemoryFaults?, clock: any WorkerClock) {
        self.features = features
        self.faults = faults
        self.clock = clock
        random = SeededRandom(seed: faults?.seed ?? 0)
        logs = incarnations.map { MemoryLog(incarnation: $0, partitionCount: partitionCount) }
        topology = Topology(partitionCount: partitionCount, incarnations: Dictionary(uniqueKeysWithValues: zip(Log.allCases, incarnations)))
    }

    var partitionCount: Int { topology.partitionCount }

    subscript(log: Log) -> MemoryLog {
        get { logs[Int(log.rawValue) - 1] }
        _modify { yield &logs[Int(log.rawValue) - 1] }
    }

    func partition(of aggregate: String) -> Int { Partitioner.partition(of: aggregate, count: partitionCount) }

    func index(of number: Int) -> Int? { members.firstIndex { $0.number == number } }

    // MARK: Waking

    mutating func wake(_ member: Int) {
        members[member].hasNews = true
        if let waiter = members[member].waiter {
            members[member].waiter = nil
            wakes.append(waiter)
        }
    }

    /// Parks a member until it is woken; at once where something happened since it last looked.
    mutating func park(_ number: Int, _ waiter: CheckedContinuation<Void, Never>) {
        guard let member = index(of: number), !members[member].hasNews else { return wakes.append(waiter) }
        members[member].waiter = waiter
    }

    mutating func takeWakes() -> [CheckedContinuation<Void, Never>] {
        defer { wakes.removeAll() }
        return wakes
    }

    /// Wakes those who read this partition.
    mutating func notify(_ log: Log, _ partition: Int) {
        for member in members.indices where members[member].declaration.log == log {
            if let session = members[member].sessions[partition], session.cursor != nil, !session.isRevoked { wake(member) }
        }
    }

    // MARK: Faults

    mutating func draw(_ fault: KeyPath<MemoryFaults, Double>) -> Bool {
        guard let faults, random.draw(faults[keyPath: fault]) else { return false }
        if let index = MemoryFaults.switches.firstIndex(where: { $0.probability == fault }) { faultCounts[index] += 1 }
        return true
    }

    /// A moment after now, as far away as the faults say.
    mutating func delayed(_ range: KeyPath<MemoryFaults, ClosedRange<Duration>> = \.delay) -> Instant {
        guard let range = faults?[keyPath: range] else { return clock.now }
        let shortest = range.lowerBound.nanoseconds
        let span = range.upperBound.nanoseconds - shortest
        return clock.now + .nanoseconds(shortest + Int64(random.below(Int(span) + 1)))
    }

    // MARK: Requests

    mutating func openRequest() -> String {
        requestCount += 1
        let address = "reply-\(requestCount)"
        requests[address] = .open
        return address
    }

    /// Answers, or gives up with nil; whoever is first decides.
    mutating func close(_ address: String, with answer: Answer?) -> CheckedContinuation<Answer?, Never>? {
        switch requests[address] {
        case .open: requests[address] = .closed(answer)
        case .waiting(let waiter):
            requests[address] = .closed(answer)
            return waiter
        case .closed, nil: break
        }
        return nil
    }
}

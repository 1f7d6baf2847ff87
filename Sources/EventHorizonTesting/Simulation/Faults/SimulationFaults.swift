internal import EventHorizon
public import EventHorizonMemory

/// What a simulation injects while its faults last.
public struct SimulationFaults: Sendable, Equatable {
    /// The broker's. Their lease holds when the faults are over, too.
    public var broker: MemoryFaults
    /// Whether the broker stores an outcome whole or not at all.
    public var atomicSettle = false
    /// The mean pause between kills at any `await`; nil: none.
    public var killEvery: Duration?
    /// The probability of a kill each time that a worker reaches a named step, its store's transaction included.
    public var killAtStep = 0.0
    /// The probability of a kill each time that a worker hands over an outcome, after a part of it.
    public var killInSubmit = 0.0
    /// The mean pause between stops; nil: none. A stop lasts for one to two leases.
    public var stopEvery: Duration?
    /// The mean pause between members that join and members that leave; nil: none.
    public var changeMembersEvery: Duration?
    /// The probability that a worker is slow between reading and working, for up to one and a half leases.
    public var slowTurn = 0.0
    /// How long a killed worker takes to be started anew, at the shortest and the longest.
    public var restartDelay: ClosedRange<Duration> = .milliseconds(50) ... .seconds(3)

    /// - Parameter lease: After how long a silent member may lose its partitions.
    public init(seed: UInt64, lease: Duration = .seconds(2)) {
        broker = MemoryFaults(seed: seed)
        broker.lease = lease
    }

    public var lease: Duration { broker.lease ?? .seconds(2) }

    /// Faults of the kinds given, each on or off and as frequent as the seed says: some bugs need a fault, others need it to be absent.
    public static func drawn(
        from seed: UInt64, quirks: Set<BrokerQuirk> = BrokerQuirk.jetStream, processes: Set<ProcessFault> = Set(ProcessFault.allCases)
    ) -> SimulationFaults {
        // Random numbers of its own, so that what is drawn here changes nothing of the run's order.
        var random = SeededGenerator(seed: seed ^ 0x5EED_FA17)
        var faults = SimulationFaults(seed: seed)
        let strengths = [0.01, 0.05, 0.2, 0.4]
        // Drawn for every kind, asked for or not, so that leaving one out changes nothing of the others.
        for quirk in BrokerQuirk.allCases {
            let isOn = random.next() % 2 == 0
            var strength = strengths[Int(random.next() % UInt64(strengths.count))]
            // Whoever loses what it has all the time gets nothing done.
            if [.lostPartition, .tornOutcome, .readerRestart, .abortedOutcome, .unansweredOutcome].contains(quirk) { strength /= 4 }
            if isOn, quirks.contains(quirk) { faults.broker[keyPath: quirk.probability] = strength }
        }
        let delays: [Duration] = [.milliseconds(5), .milliseconds(50), .milliseconds(500), .seconds(3)]
        faults.broker.delay = .milliseconds(1)...delays[Int(random.next() % UInt64(delays.count))]
        func pause() -> Duration? {
            let isOn = random.next() % 4 != 0
            let pause = Duration.milliseconds(Int64(300 + random.next() % 3_000))
            return isOn ? pause : nil
        }
        func chance(_ strengths: [Double]) -> Double {
            let isOn = random.next() % 2 == 0
            let strength = strengths[Int(random.next() % UInt64(strengths.count))]
            return isOn ? strength : 0
        }
        let (kills, stops, changes) = (pause(), pause(), pause())
        let (steps, submits, slowness) = (chance([0.005, 0.02]), chance([0.005, 0.02]), chance([0.005, 0.05]))
        if processes.contains(.kill) { faults.killEvery = kills }
        if processes.contains(.killAtStep) {
            faults.killAtStep = steps
            faults.killInSubmit = submits
        }
        if processes.contains(.stop) { faults.stopEvery = stops.map { $0 * 2 } }
        if processes.contains(.members) { faults.changeMembersEvery = changes }
        if processes.contains(.slow) { faults.slowTurn = slowness }
        return faults
    }
}

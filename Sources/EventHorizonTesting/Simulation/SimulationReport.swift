/// What a simulation came to. Whether the domain's own promises held is for the caller to say, from the broker's logs and the stores.
public struct SimulationReport: Sendable {
    public var seed: UInt64
    /// How long it took by its own clock.
    public var virtualTime: Duration
    /// How many jobs ran.
    public var jobs: Int
    /// The faults that came true, each kind by name.
    public var faults: [(name: String, count: Int)]
    /// Promises that were broken whatever the domain: workers that ended by themselves or did not end when asked, work that was not done in time after
    /// the faults, partitions with two owners. Sentences; empty is well.
    public var problems: [String]
}

public import EventHorizonWorkers

/// One kind of worker process of a simulation.
public struct SimulatedWorkers: Sendable {
    public var name: String
    /// How many run at the start.
    public var count: Int
    let make: @Sendable (SimulatedProcess) throws -> [any Worker]

    /// - Parameters:
    ///   - name: what the kind is called in problems.
    ///   - count: how many run at the start; members that join and leave keep between one and two more.
    ///   - make: the workers of a process that is being started, as its `main` would make them: on the process's broker, with a store and whatever else
    ///     that is its own, since a killed process loses it.
    public init(_ name: String, count: Int = 1, make: @escaping @Sendable (SimulatedProcess) throws -> [any Worker]) {
        self.name = name
        self.count = count
        self.make = make
    }
}

internal import EventHorizon
internal import EventHorizonMemory
internal import Synchronization

/// The draws of a simulation's own faults, and what came of them. Nothing is drawn once it is quiet.
final class Dice: Sendable {
    private struct State {
        var random: SeededGenerator
        var faults: SimulationFaults?
        var counts: [(name: String, count: Int)] = []

        mutating func count(_ name: String) {
            if let index = counts.firstIndex(where: { $0.name == name }) { counts[index].count += 1 } else { counts.append((name, 1)) }
        }
    }

    private let state: Mutex<State>

    init(faults: SimulationFaults) {
        state = Mutex(State(random: SeededGenerator(seed: faults.broker.seed ^ 0xD1CE), faults: faults))
    }

    func becomeQuiet() { state.withLock { $0.faults = nil } }
    var isQuiet: Bool { state.withLock { $0.faults == nil } }

    func draw(_ probability: KeyPath<SimulationFaults, Double>, as name: @autoclosure () -> String) -> Bool {
        state.withLock { state in
            guard let limit = state.faults?[keyPath: probability], limit > 0 else { return false }
            guard Double(state.random.next() >> 11) / Double(1 << 53) < limit else { return false }
            state.count(name())
            return true
        }
    }

    func count(_ name: String) { state.withLock { $0.count(name) } }

    func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(state.withLock { $0.random.next() } % UInt64(bound)) }

    func duration(_ range: ClosedRange<Duration>) -> Duration {
        let span = (range.upperBound - range.lowerBound).nanoseconds
        return range.lowerBound + .nanoseconds(Int64(below(Int(span) + 1)))
    }

    /// In order of first happening.
    var counts: [(name: String, count: Int)] { state.withLock { $0.counts } }
}

#if ServerEcosystem
public import EventHorizonWorkers
public import Metrics
internal import Synchronization

/// Hands signals to swift-metrics: a counter or a meter for each metric and group, the group as dimension `group`, a failure's kind as
/// `failure`.
public final class SwiftMetricsInstrument: EventHorizonWorkers.Instrument {
    private let factory: any MetricsFactory
    /// By group, in the order of `Signal.Metric.all`.
    private let handles = Mutex<[String: [Handle]]>([:])
    private static let places = Dictionary(uniqueKeysWithValues: Signal.Metric.all.enumerated().map { ($1, $0) })

    private enum Handle: Sendable {
        case counter(Counter)
        case meter(Meter)
    }

    /// - Parameter factory: the one that `MetricsSystem` was bootstrapped with where it is nil.
    public init(factory: (any MetricsFactory)? = nil) { self.factory = factory ?? MetricsSystem.factory }

    public func receive(_ signal: Signal) {
        let changes = signal.metrics
        guard !changes.isEmpty else { return }
        let handles = handles(of: signal.group)
        for (metric, change) in changes {
            guard let place = Self.places[metric] else { continue }
            switch (handles[place], change) {
            case (.counter(let counter), .add(let number)): if number > 0 { counter.increment(by: number) }
            case (.meter(let meter), .add(let number)) where number < 0: meter.decrement(by: Double(-number))
            case (.meter(let meter), .add(let number)): meter.increment(by: Double(number))
            case (.meter(let meter), .set(let number)): meter.set(number)
            // A counter only grows: swift-metrics has no way to set one, and no signal asks for it.
            case (.counter, .set): break
            }
        }
    }

    private func handles(of group: String) -> [Handle] {
        handles.withLock { handles in
            if let known = handles[group] { return known }
            let made = Signal.Metric.all.map { metric in
                let dimensions = [("group", group)] + (metric.failure.map { [("failure", $0)] } ?? [])
                return switch metric.kind {
                case .counter: Handle.counter(Counter(label: metric.name, dimensions: dimensions, factory: factory))
                case .gauge: Handle.meter(Meter(label: metric.name, dimensions: dimensions, factory: factory))
                }
            }
            handles[group] = made
            return made
        }
    }
}
#endif

public import EventHorizon
public import Testing

/// What every broker promises, a behaviour a function. A back end's own tests run each by name:
///
///     @Test(arguments: BrokerContract.behaviours)
///     func holds(_ behaviour: BrokerContract.Behaviour) async throws {
///         try await behaviour.check(BrokerContract { MyBroker(...) })
///     }
///
/// A behaviour that needs a feature which the back end lacks records a warning that names it: nothing is left out in silence.
/// Nothing sleeps: behaviours wait for states, up to `limit` each, by the broker's own clock, which must run.
public struct BrokerContract: Sendable {
    /// What a back end may lack.
    public enum Feature: String, Sendable, CaseIterable {
        /// An aggregate id may be 1,024 bytes long.
        case longAggregateIDs
        /// Appends of two groups to one stream are decided by the log itself. Without it only a group's owners are kept apart.
        case racingGroups
    }

    public let features: Set<Feature>
    /// How long to wait for a state.
    public let limit: Duration
    private let makeBroker: @Sendable () async throws -> any Broker

    /// - Parameters:
    ///   - features: What the back end has; everything unless said otherwise. `BrokerFeatures` are asked of the broker.
    ///   - limit: How long to wait for a state; longer than the broker's lease.
    ///   - makeBroker: A broker of an application that is new and empty; called once for each behaviour.
    public init(
        features: Set<Feature> = Set(Feature.allCases), limit: Duration = .seconds(30),
        _ makeBroker: @escaping @Sendable () async throws -> any Broker
    ) {
        self.features = features
        self.limit = limit
        self.makeBroker = makeBroker
    }

    /// A behaviour of the contract.
    public struct Behaviour: Sendable, CustomTestStringConvertible {
        /// A sentence.
        public let name: String
        /// The features without which it does not apply.
        public let needs: Set<Feature>
        /// Whether it applies to brokers with `BrokerFeatures.atomicSettle` only.
        public let needsAtomicSettle: Bool
        private let run: @Sendable (BrokerContract) -> (any Broker) async throws -> Void

        init(
            _ name: String, needs: Set<Feature> = [], needsAtomicSettle: Bool = false,
            _ run: @escaping @Sendable (BrokerContract) -> (any Broker) async throws -> Void
        ) {
            self.name = name
            self.needs = needs
            self.needsAtomicSettle = needsAtomicSettle
            self.run = run
        }

        public var testDescription: String { name }

        /// Makes a broker and proves the behaviour on it.
        ///
        /// - Throws: `ContractTimeout`, or what the broker throws.
        public func check(_ contract: BrokerContract) async throws {
            let lacking = needs.subtracting(contract.features).map(\.rawValue).sorted()
            guard lacking.isEmpty else { return doesNotApply("it needs \(lacking.joined(separator: ", "))") }
            let broker = try await contract.makeBroker()
            guard !needsAtomicSettle || broker.features.atomicSettle else { return doesNotApply("it needs a broker that settles atomically") }
            try await run(contract)(broker)
        }

        private func doesNotApply(_ reason: String) { Issue.record("'\(name)' does not apply: \(reason)", severity: .warning) }
    }
}

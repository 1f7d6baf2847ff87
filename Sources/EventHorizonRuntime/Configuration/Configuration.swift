public import EventHorizon
internal import Synchronization

/// What flags, environment and defaults say, read once when the process starts.
///
///     await runWorker("guestlist-projector") { configuration in
///         ProjectorWorker(InvitationTable(), into: try configuration.readModel(), broker: try configuration.broker())
///     }
public struct Configuration: Sendable, CustomStringConvertible, CustomReflectable {
    /// The worker's name, as given to `runWorker`.
    public let worker: String
    /// The default of `--application`; nil for none.
    let application: String?
    /// The checked texts of what was given, by key.
    let values: [String: String]
    let declared: Set<String>
    let shared: Shared

    /// What is made once in a process, however often it is asked for.
    final class Shared: Sendable {
        let surroundings: Surroundings
        let broker = Mutex<(any Broker)?>(nil)
        init(surroundings: Surroundings) { self.surroundings = surroundings }
    }

    /// Without any value: some are secret.
    public var description: String { "configuration of \(worker)" }
    public var customMirror: Mirror { Mirror(self, children: ["worker": worker]) }

    /// The clock, ids and failpoints of this process.
    public var surroundings: Surroundings { shared.surroundings }

    /// The key's value, or its default.
    /// - Throws: `Misconfiguration` where neither is there, naming the flag and the variable; also for a key that the program did not declare.
    public func value<Value>(for key: ConfigurationKey<Value>) throws -> Value {
        guard let value = try valueIfSet(for: key) else {
            let declaration = key.declaration
            throw Misconfiguration("\(declaration.flag) is missing: set it, or \(declaration.environmentName), to \(declaration.expectation)")
        }
        return value
    }

    /// The key's value, or its default, or nil.
    /// - Throws: `Misconfiguration` for a key that the program did not declare.
    public func valueIfSet<Value>(for key: ConfigurationKey<Value>) throws -> Value? {
        try given(key) ?? key.fallback
    }

    /// The key's value, or its default, where the program declares the key.
    func value<Value>(ifDeclared key: ConfigurationKey<Value>) throws -> Value? {
        declared.contains(key.name) ? try valueIfSet(for: key) : nil
    }

    /// What a flag or a variable says; nil where the default counts.
    /// - Throws: `Misconfiguration` for a key that the program did not declare.
    public func given<Value>(_ key: ConfigurationKey<Value>) throws -> Value? {
        guard declared.contains(key.name) else {
            throw Misconfiguration("the program reads the key '\(key.name)' and did not declare it: give it to runWorker(keys:)")
        }
        guard let text = values[key.name] else { return nil }
        guard let value = key.type.parse(text) else {
            // Another key of the same name and another type was declared.
            throw Misconfiguration("the program reads the key '\(key.name)' as another type than it declared it with")
        }
        return value
    }
}

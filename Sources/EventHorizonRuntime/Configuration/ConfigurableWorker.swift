public import EventHorizonWorkers

/// A worker of which some settings are keys. `runWorker` calls it for what the program made.
public protocol ConfigurableWorker: Worker {
    /// Takes what flags and variables say; where they say nothing, what the program has set stays.
    mutating func configure(from configuration: Configuration) throws
}

extension CommandHandlerWorker: ConfigurableWorker {
    public mutating func configure(from configuration: Configuration) throws { try settings.configure(from: configuration) }
}

extension SagaWorker: ConfigurableWorker {
    public mutating func configure(from configuration: Configuration) throws { try settings.configure(from: configuration) }
}

extension ProjectorWorker: ConfigurableWorker {
    public mutating func configure(from configuration: Configuration) throws { try failures.retry.configure(from: configuration) }
}

extension WorkerGroup: ConfigurableWorker {
    public mutating func configure(from configuration: Configuration) throws {
        for index in workers.indices { try workers[index].configured(from: configuration) }
    }
}

extension Worker {
    mutating func configured(from configuration: Configuration) throws {
        guard var configurable = self as? any ConfigurableWorker else { return }
        try configurable.configure(from: configuration)
        if let configured = configurable as? Self { self = configured }
    }
}

extension CommandSettings {
    fileprivate mutating func configure(from configuration: Configuration) throws {
        try failures.retry.configure(from: configuration)
        if let number = try configuration.given(.sharedCommitLimit) { sharedCommands = number }
        if let number = try configuration.given(.idWindow) { recentCommands = number }
        if let number = try configuration.given(.cachedStreams) { cachedStreams = number }
    }
}

extension RetryPolicy {
    fileprivate mutating func configure(from configuration: Configuration) throws {
        if let budget = try configuration.given(.retryBudget) { self.budget = budget }
    }
}

internal import EventHorizon
internal import EventHorizonBridge
internal import Glibc

/// Everything that the `main` of a program does that sends commands and reads read models, and then ends: reads flags and environment as a worker
/// does, answers `--help` and `--version`, and ends the process. It serves no health and drains nothing: a signal ends it at once.
///
///     await runClient("guestlist") { configuration in
///         let commands = CommandPublisher(broker: try configuration.broker())
///         ...
///     }
///
/// Exit codes: 0 done; 78 misconfigured, with sentences that say what to change; 70 when `body` threw, with its error in a sentence.
///
/// - Parameters: As of `runWorker`.
public func runClient(
    _ name: String, application: String? = nil, version: String = "unversioned", keys: [any ConfigurationDeclaration] = [],
    _ body: (Configuration) async throws -> Void
) async -> Never {
    let application = application ?? String(name.prefix { $0 != "-" })
    let declarations = Configuration.ofClient(application: application) + keys
    var status = ExitStatus.drained
    do {
        let invocation = try Invocation(
            worker: name, application: application, arguments: Array(CommandLine.arguments.dropFirst()), environment: environmentVariables(),
            keys: declarations, shared: Configuration.Shared(surroundings: .system))
        switch invocation {
        case .help: LogInstrument.write(HelpText(client: name, keys: declarations).description, to: STDOUT_FILENO)
        case .version: LogInstrument.write("\(name) \(version)\n", to: STDOUT_FILENO)
        case .run(let configuration): try await body(configuration)
        }
    } catch {
        status = ExitStatus(error)
    }
    if case .failed(let reason) = status {
        LogInstrument.write("\(name): \(reason)\n", to: STDERR_FILENO)
    } else if let message = status.message(name) {
        LogInstrument.write(message, to: STDERR_FILENO)
    }
    fflush(nil)
    _exit(status.code)
}

extension Configuration {
    /// The keys of `builtIn` that mean something to a program that only sends and reads.
    static func ofClient(application: String) -> [any ConfigurationDeclaration] {
        let ofWorkers: Set = [
            ConfigurationKey.retryBudget.name, ConfigurationKey.sharedCommitLimit.name, ConfigurationKey.idWindow.name,
            ConfigurationKey.cachedStreams.name, ConfigurationKey.drainDeadline.name, ConfigurationKey.http.name,
            ConfigurationKey.logLevel.name, ConfigurationKey.logFormat.name,
        ]
        return builtIn(application: application).filter { !ofWorkers.contains($0.declaration.name) }
    }
}

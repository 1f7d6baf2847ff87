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
    end(name, status)
}

/// The `main` of a program with commands: `letters list --state parked`. It looks at an application that workers made and never makes one; --application has
/// no default. `--help`, of the program and of each command, and the scripts of `completion bash`, `zsh` and `fish` are made from the declarations.
///
///     await runClient("party", commands: [
///         ClientCommand("guests list", "Lists the guests.", keys: [ConfigurationKey.seats]) { configuration in ... }
///     ])
///
/// Exit codes: As of `runClient` with a body.
public func runClient(_ name: String, version: String = "unversioned", commands: [ClientCommand]) async -> Never {
    let program = ClientProgram(name: name, version: version, commands: commands)
    var status = ExitStatus.drained
    do {
        switch try program.action(arguments: Array(CommandLine.arguments.dropFirst()), environment: environmentVariables()) {
        case .print(let text): LogInstrument.write(text, to: STDOUT_FILENO)
        case .run(let command, let configuration): try await command.body(configuration)
        }
    } catch {
        status = ExitStatus(error)
    }
    end(name, status)
}

/// Says what has to be said, and ends the process.
private func end(_ name: String, _ status: ExitStatus) -> Never {
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
    static func ofClient(application: String?) -> [any ConfigurationDeclaration] {
        let ofWorkers: Set = [
            ConfigurationKey.retryBudget.name, ConfigurationKey.sharedCommitLimit.name, ConfigurationKey.idWindow.name,
            ConfigurationKey.cachedStreams.name, ConfigurationKey.drainDeadline.name, ConfigurationKey.http.name,
            ConfigurationKey.logLevel.name, ConfigurationKey.logFormat.name, ConfigurationKey.letterTest.name,
        ]
        return builtIn(application: application).filter { !ofWorkers.contains($0.declaration.name) }
    }

    /// The keys of `ofClient` that mean something to a program that looks at an application which others made.
    static func ofTool() -> [any ConfigurationDeclaration] {
        let ofMakers: Set = [
            ConfigurationKey.partitions.name, ConfigurationKey.replicas.name, ConfigurationKey.leaseTime.name, ConfigurationKey.trimming.name,
            ConfigurationKey.staticMember.name, ConfigurationKey.replicaFolder.name, ConfigurationKey.readModel.name,
        ]
        return ofClient(application: nil).filter { !ofMakers.contains($0.declaration.name) }
    }
}

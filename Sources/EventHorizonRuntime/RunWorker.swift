internal import Dispatch
internal import EventHorizon
internal import EventHorizonBridge
public import EventHorizonWorkers
internal import Glibc

/// Everything that a worker's `main` does: reads flags and environment, answers `--help` and `--version`, serves health and metrics, runs the
/// worker, drains it on SIGTERM or SIGINT, and ends the process.
///
///     await runWorker("guestlist-saga") { configuration in
///         SagaWorker(Seating.self, broker: try configuration.broker())
///     }
///
/// Exit codes: 0 drained; 78 misconfigured, with sentences that say what to change; 70 failed; 75 not drained in time; 128 and the signal's
/// number when a second signal came.
///
/// - Parameters:
///   - name: the program's name, in log lines and for the broker.
///   - application: the default of `--application`; the name up to its first hyphen where it is nil (`guestlist-saga`: `guestlist`).
///   - version: what `--version` prints.
///   - keys: the program's own keys, beside those of every worker.
///   - make: makes the worker, or several as a `WorkerGroup`. What it throws ends the process with a sentence.
public func runWorker(
    _ name: String, application: String? = nil, version: String = "unversioned", keys: [any ConfigurationDeclaration] = [],
    _ make: (Configuration) throws -> any Worker
) async -> Never {
    // A reader of ours that goes away, of log lines or of metrics, must not end the process.
    Glibc.signal(SIGPIPE, SIG_IGN)
    let process = WorkerProcess(
        name: name, application: application, version: version, ownKeys: keys, arguments: Array(CommandLine.arguments.dropFirst()),
        environment: environmentVariables())
    let (signals, report) = AsyncStream.makeStream(of: OperatingSystemSignal.self)
    let subscription = OperatingSystemSignal.subscribe { report.yield($0) }
    let status = await process.run(signals: signals, make)
    withExtendedLifetime(subscription) {}
    if let message = status.message(name) { LogInstrument.write(message, to: STDERR_FILENO) }
    // Not `exit`: handlers of libraries may wait for threads, and whoever must not wait any longer must not wait there.
    fflush(nil)
    _exit(status.code)
}

func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let line = String(cString: text)
        if let sign = line.firstIndex(of: "=") { variables[String(line[..<sign])] = String(line[line.index(after: sign)...]) }
        entry += 1
    }
    return variables
}

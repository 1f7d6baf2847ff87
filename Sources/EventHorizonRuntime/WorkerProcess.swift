internal import EventHorizon
internal import EventHorizonBridge
internal import EventHorizonWorkers
internal import Glibc

/// A worker's process between its start and its end, apart from what only a process has.
struct WorkerProcess {
    let name: String
    /// The default of `--application`; nil for the name up to its first hyphen.
    var application: String?
    var version = "unversioned"
    var ownKeys: [any ConfigurationDeclaration] = []
    /// Without the program's path.
    var arguments: [String] = []
    var environment: [String: String] = [:]
    var output = STDOUT_FILENO
    var log = STDERR_FILENO

    var keys: [any ConfigurationDeclaration] {
        Configuration.builtIn(application: defaultApplication) + ownKeys
    }

    private var defaultApplication: String { application ?? String(name.prefix { $0 != "-" }) }

    func run(signals: AsyncStream<OperatingSystemSignal>, _ make: (Configuration) throws -> any Worker) async -> ExitStatus {
        do {
            var surroundings = Surroundings.system
            surroundings.failpoints = try EnvironmentFailpoints.fromEnvironment(environment)
            let shared = Configuration.Shared(surroundings: surroundings)
            switch try Invocation(
                worker: name, application: defaultApplication, arguments: arguments, environment: environment, keys: keys, shared: shared)
            {
            case .help:
                LogInstrument.write(HelpText(worker: name, keys: keys).description, to: output)
                return .drained
            case .version:
                LogInstrument.write("\(name) \(version)\n", to: output)
                return .drained
            case .run(let configuration): return try await run(configuration, signals: signals, make)
            }
        } catch {
            return ExitStatus(error)
        }
    }

    private func run(
        _ configuration: Configuration, signals: AsyncStream<OperatingSystemSignal>, _ make: (Configuration) throws -> any Worker
    ) async throws -> ExitStatus {
        let log = LogInstrument(
            worker: name, level: try configuration.value(for: .logLevel), format: try configuration.value(for: .logFormat), descriptor: log)
        for (variable, meant) in Invocation.doubtfulVariables(environment, keys: keys) {
            log.write(.warning, "unknown variable in the environment", [("variable", variable), ("meant", meant)])
        }
        let health = HealthInstrument()
        let metrics = MetricsInstrument()
        var worker = try make(configuration)
        try worker.configured(from: configuration)
        if let letter = try configuration.given(.letterTest) {
            LogInstrument.write(try await test(of: letter, by: worker), to: output)
            return .drained
        }
        worker.instruments += [health, metrics, log]

        var server: HTTPServer?
        if case .listen(let host, let port) = try configuration.value(for: .http) {
            let routes = HealthRoutes(health: health, metrics: metrics)
            let started = try HTTPServer(host: host, port: port) { routes.respond($0, $1) }
            log.write(.notice, "serving health and metrics", [("address", started.address.description)])
            server = started
        }
        defer { server?.stop() }

        let drainLimit = try configuration.value(for: .drainDeadline)
        let host = WorkerHost(worker: worker, drainLimit: drainLimit, clock: configuration.surroundings.clock) { signal in
            log.write(.notice, "asked to end", [("signal", signal.description)])
            health.drain()
        }
        return await host.run(signals: signals)
    }

    private func test(of letter: LetterID, by worker: any Worker) async throws -> String {
        let workers = (worker as? WorkerGroup)?.workers ?? [worker]
        for case let worker as any LetterTesting in workers {
            if let text = try await worker.test(of: letter) { return text }
        }
        throw Misconfiguration(
            "\(name) has no aggregate that the dead letter \(letter) is of: give --letter-test to that aggregate's command handler. Letters of sagas and "
                + "projectors are not told as tests")
    }
}

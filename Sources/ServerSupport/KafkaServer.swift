internal import Glibc
internal import Synchronization

/// A Kafka broker that is its own controller, on loopback, for tests and the demo: it dies with this process.
///
/// Safe to use from several tasks; `kill`, `restart` and `stop` one at a time.
package final class KafkaServer: Sendable {
    /// Where a broker comes from.
    package enum Origin: Sendable, Equatable, CustomStringConvertible {
        /// Somebody else's, from `KAFKA_BOOTSTRAP_SERVERS`: it is used, not started.
        case address(String)
        /// `run PORT DIR [property=value ...]`, a script that becomes the broker.
        case script(path: String, version: String)
        /// A distribution of Apache Kafka's.
        case home(path: String, version: String)

        package var description: String {
            switch self {
            case .address(let servers): "the Kafka at \(servers) (KAFKA_BOOTSTRAP_SERVERS)"
            case .script(let path, let version), .home(let path, let version): "Kafka \(version) (\(path))"
            }
        }
    }

    /// `host:port`.
    package let address: String
    package let port: Int
    package let origin: Origin
    /// Holds the broker's data and its log.
    package let folder: String
    private let temporary: TemporaryFolder?
    private let properties: [String]
    private let startsSoon: Bool
    private let lifetime: ChildProcess.Lifetime
    private let process: Mutex<ChildProcess>

    /// As `--broker` takes it.
    package var url: String { "kafka://\(address)" }

    // MARK: Finding

    /// The broker to use: an address in `KAFKA_BOOTSTRAP_SERVERS`, else a distribution in `KAFKA_HOME`, one whose scripts are on PATH, or the one in
    /// `../shared/servers` beside the checkout.
    /// - Throws: `SupportError` naming the remedy when there is none.
    package static func find() throws -> Origin {
        if let servers = Environment["KAFKA_BOOTSTRAP_SERVERS"] { return .address(servers) }
        return try findProgram()
    }

    /// As `find`, of programs only: for who has to kill it.
    package static func findProgram() throws -> Origin {
        if let home = Environment["KAFKA_HOME"] {
            guard let origin = program(in: home) else {
                throw SupportError("KAFKA_HOME is '\(home)', which holds no Kafka: name the folder that has bin/kafka-server-start.sh")
            }
            return origin
        }
        for folder in (Environment["PATH"] ?? "").split(separator: ":") where access("\(folder)/kafka-server-start.sh", X_OK) == 0 {
            if let origin = program(in: "\(folder)/..") { return origin }
        }
        let here = #filePath.split(separator: "/").dropLast(4)
        if let origin = program(in: "/" + here.joined(separator: "/") + "/shared/servers/kafka") { return origin }
        throw SupportError(
            "there is no Kafka: unpack a release of Apache Kafka's (4.0 or newer) and name its folder in KAFKA_HOME, or a running one in "
                + "KAFKA_BOOTSTRAP_SERVERS")
    }

    private static func program(in home: String) -> Origin? {
        let version = version(in: "\(home)/libs")
        if access("\(home)/run", X_OK) == 0 { return .script(path: "\(home)/run", version: version) }
        return access("\(home)/bin/kafka-server-start.sh", X_OK) == 0 ? .home(path: home, version: version) : nil
    }

    /// What the name of its client's library says.
    private static func version(in folder: String) -> String {
        guard let names = opendir(folder) else { return "of an unknown version" }
        defer { closedir(names) }
        while let entry = readdir(names) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let match = name.wholeMatch(of: /kafka-clients-([0-9.]+)\.jar/) { return String(match.1) }
        }
        return "of an unknown version"
    }

    // MARK: Starting

    /// Starts a broker on a free port and returns when it serves clients. Says on standard error which one it is.
    /// - Parameters:
    ///   - folder: for data and log; kept. Nil: a temporary one, gone with the broker.
    ///   - port: nil: a free one below 32768, as is the one after it, which the controller takes.
    ///   - properties: more `name=value` of the broker's.
    ///   - startsSoon: It starts in half the time, and is slower from then on: for who restarts it often.
    ///   - lifetime: a detached broker goes on without this process; it needs a folder of its own.
    package static func start(
        _ origin: Origin? = nil, folder: String? = nil, port: Int? = nil, properties: [String] = [], startsSoon: Bool = false,
        lifetime: ChildProcess.Lifetime = .bound
    ) async throws -> KafkaServer {
        let origin = try origin ?? findProgram()
        if case .address = origin { throw SupportError("\(origin) is not ours to start: unset KAFKA_BOOTSTRAP_SERVERS to have one started") }
        note(origin)
        let temporary = folder == nil ? try TemporaryFolder("eventhorizon-kafka") : nil
        let folder = folder ?? temporary?.path ?? ""
        var attempts = 0
        while true {
            attempts += 1
            let server = try await KafkaServer(
                origin, folder: folder, temporary: temporary, port: port ?? freePorts(), properties: properties, startsSoon: startsSoon,
                lifetime: lifetime)
            do {
                try await server.becomeReady(after: 0)
                return server
            } catch {
                // Somebody else may have taken a port since.
                guard port == nil, attempts < 5, server.log.contains("Address already in use") else { throw error }
                await server.kill()
                TemporaryFolder.remove("\(folder)/data")
            }
        }
    }

    private static func freePorts() throws -> Int {
        for _ in 0..<100 {
            let port = try LoopbackPort.free()
            if port < 32_766, LoopbackPort.connection(to: port + 1, limit: timeval(tv_sec: 0, tv_usec: 100_000)) == nil { return port }
        }
        throw SupportError("no two free ports side by side were found on 127.0.0.1")
    }

    private init(
        _ origin: Origin, folder: String, temporary: TemporaryFolder?, port: Int, properties: [String], startsSoon: Bool,
        lifetime: ChildProcess.Lifetime
    ) async throws {
        self.origin = origin
        self.folder = folder
        self.temporary = temporary
        self.properties = properties
        self.startsSoon = startsSoon
        self.lifetime = lifetime
        self.port = port
        address = "127.0.0.1:\(port)"
        if case .home(let home, _) = origin { try await Self.format(home, folder: folder, port: port, properties) }
        process = try Mutex(Self.launch(origin, port: port, folder: folder, temporary: temporary, properties, startsSoon, lifetime))
    }

    private static func launch(
        _ origin: Origin, port: Int, folder: String, temporary: TemporaryFolder?, _ properties: [String], _ startsSoon: Bool,
        _ lifetime: ChildProcess.Lifetime
    ) throws -> ChildProcess {
        // Compiled once, and quickly.
        let options = startsSoon ? ["JDK_JAVA_OPTIONS": "\(Environment["JDK_JAVA_OPTIONS"] ?? "") -XX:TieredStopAtLevel=1"] : [:]
        let output = ChildProcess.Output.file("\(folder)/output.log")
        switch origin {
        case .script(let path, _):
            return try ChildProcess(
                path, ["\(port)", folder] + properties, environment: options, output: output, lifetime: lifetime, removing: temporary?.path)
        case .home(let home, _):
            return try ChildProcess(
                "\(home)/bin/kafka-server-start.sh", ["\(folder)/server.properties"],
                environment: options.merging(["KAFKA_HEAP_OPTS": "-Xms256m -Xmx512m", "LOG_DIR": folder]) { $1 }, output: output, lifetime: lifetime,
                removing: temporary?.path)
        case .address: throw SupportError("\(origin) is not ours to start")
        }
    }

    /// Writes the broker's properties, and formats its data's folder the first time.
    private static func format(_ home: String, folder: String, port: Int, _ properties: [String]) async throws {
        let all =
            [
                "process.roles=broker,controller", "node.id=1", "controller.listener.names=CONTROLLER", "inter.broker.listener.name=PLAINTEXT",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "listeners=PLAINTEXT://127.0.0.1:\(port),CONTROLLER://127.0.0.1:\(port + 1)", "advertised.listeners=PLAINTEXT://127.0.0.1:\(port)",
                "controller.quorum.voters=1@127.0.0.1:\(port + 1)", "log.dirs=\(folder)/data", "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=1", "offsets.topic.num.partitions=4", "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1", "transaction.state.log.num.partitions=4", "group.initial.rebalance.delay.ms=0",
                "group.min.session.timeout.ms=1000", "broker.session.timeout.ms=2000", "broker.heartbeat.interval.ms=500",
            ] + properties
        let path = "\(folder)/server.properties"
        guard let file = fopen(path, "w") else { throw SupportError("'\(path)' cannot be written: \(lastError())") }
        fputs(all.joined(separator: "\n") + "\n", file)
        fclose(file)
        let program = "\(home)/bin/kafka-storage.sh"
        let format = try ChildProcess(program, ["format", "--ignore-formatted", "-t", "kyNnS7l4Rk6Tk2zGKj4mJQ", "-c", path])
        guard try await format.exit(within: .seconds(120)).isSuccess else { throw SupportError("'\(program)' fails\(format.tail())") }
    }

    private var logPath: String { "\(folder)/kafka-server.log" }

    /// - Parameter start: How much of the log is of an earlier life.
    private func becomeReady(after start: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(180)
        while !String(decoding: Array(log.utf8.dropFirst(start)), as: UTF8.self).contains("Kafka Server started") {
            let process = self.child
            if let status = process.exitStatus { throw SupportError("\(origin) \(status) instead of starting\(process.tail())\n\(tail())") }
            guard ContinuousClock.now < deadline else { throw SupportError("\(origin) serves nobody on port \(port) after 180 s\(tail())") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private var child: ChildProcess { process.withLock { $0 } }

    // MARK: Faults

    package var pid: Int32 { child.pid }
    package var isRunning: Bool { child.isRunning }
    /// What the broker has written since it was first started in this folder.
    package var log: String { (try? TextFile.read(logPath)) ?? child.output }
    /// The last lines of its log, for a message to a person.
    package func tail() -> String {
        let lines = log.split(separator: "\n").suffix(20)
        return lines.isEmpty ? child.tail() : ":\n\(lines.joined(separator: "\n"))"
    }

    /// SIGKILL; returns when the process is gone.
    package func kill() async { await child.kill() }

    /// Kills the broker if it runs, starts it on the same folder and port, and returns when it serves clients.
    package func restart() async throws {
        await kill()
        let start = log.utf8.count
        let started = try Self.launch(origin, port: port, folder: folder, temporary: temporary, properties, startsSoon, lifetime)
        process.withLock { $0 = started }
        try await becomeReady(after: start)
    }

    /// SIGSTOP: connections stay open and nothing answers.
    package func pause() { child.pause() }
    package func resume() { child.resume() }

    /// Ends the broker. Its folder goes with the last reference, where it was a temporary one.
    ///
    /// Without the wait for an orderly end, which takes seconds and which nothing depends on.
    package func stop() async {
        child.resume()
        if lifetime == .detached || temporary == nil {
            child.terminate()
            _ = try? await child.exit(within: .seconds(20))
        }
        await child.kill()
    }

    private static let noted = Mutex<[String]>([])

    /// Says on standard error what is used, once a process.
    package static func note(_ origin: Origin) {
        let line = "using \(origin)"
        let isNew = noted.withLock { lines in
            if lines.contains(line) { return false }
            lines.append(line)
            return true
        }
        if isNew { StandardError.write(line) }
    }
}

import Glibc
import ServerSupport

/// A server, found or started, and workers on it, all of whose files lie in one folder.
final class Stage {
    struct Worker {
        let name: String
        let process: ChildProcess
        var port = 0
    }

    let folder: String
    let broker: String
    let application: String
    let server: StartedServer?
    private(set) var workers: [Worker] = []
    private let lifetime: ChildProcess.Lifetime

    var readModel: String { "\(folder)/read-models" }
    private var removed: String? { lifetime == .bound ? folder : nil }

    /// Finds a server or starts one.
    /// - Parameter lifetime: a bound stage goes with this process, folder and all.
    init(_ options: Options, folder: String, lifetime: ChildProcess.Lifetime) async throws {
        self.folder = folder
        self.lifetime = lifetime
        switch try await Self.server(options.broker, folder: folder, lifetime: lifetime) {
        case .started(let started):
            server = started
            broker = started.url
            application = "guestlist"
        case .foreign(let url):
            server = nil
            broker = url
            // Somebody else's server may know an application of the usual name already.
            application = "guestlist_\(UInt32.random(in: 0 ... .max))"
            StandardError.write("the application is '\(application)': what it stores stays on that server")
        }
    }

    private enum Found {
        case started(StartedServer)
        case foreign(url: String)
    }

    private static func server(_ broker: Options.Broker, folder: String, lifetime: ChildProcess.Lifetime) async throws -> Found {
        switch broker {
        case .address(let url): return .foreign(url: url)
        case .memory: throw SupportError("a memory broker has no server")
        case .nats:
            let origin = try NATSServer.find()
            guard case .address(let url) = origin else {
                return .started(.nats(try await NATSServer.start(origin, folder: folder, lifetime: lifetime)))
            }
            NATSServer.note(origin)
            return .foreign(url: url)
        case .kafka:
            let origin = try KafkaServer.find()
            guard case .address(let servers) = origin else {
                return .started(.kafka(try await KafkaServer.start(origin, folder: folder, lifetime: lifetime)))
            }
            KafkaServer.note(origin)
            return .foreign(url: "kafka://\(servers)")
        }
    }

    /// Starts the workers and returns when each says that it is ready.
    func startWorkers(_ options: Options, didStart: (Worker) throws -> Void = { _ in }) async throws {
        for (kind, name) in WorkerKind.all(options) {
            let log = "\(folder)/\(name).log"
            let process = try ChildProcess(
                Self.program(kind.rawValue),
                arguments + ["--http", "127.0.0.1:0", "--replica-folder", "\(folder)/replicas"]
                    + (kind == .projector ? ["--read-model", readModel] : []),
                output: .file(log), lifetime: lifetime, removing: removed)
            let worker = Worker(name: name, process: process)
            workers.append(worker)
            try didStart(worker)
        }
        for index in workers.indices {
            let line = try await workers[index].process.line(within: .seconds(10)) { $0.contains("serving health") }
            guard let port = line.firstMatch(of: /127\.0\.0\.1:(\d+)/).flatMap({ Int($0.1) }) else {
                throw SupportError("\(workers[index].name) does not say where it serves health: \(line)")
            }
            workers[index].port = port
        }
        let deadline = ContinuousClock.now + .seconds(10)
        for worker in workers {
            while true {
                let answer = LoopbackPort.get("/readyz", from: worker.port)
                if answer?.status == 200 { break }
                guard worker.process.isRunning, ContinuousClock.now < deadline else {
                    throw SupportError("\(worker.name) is not ready\(answer.map { ": \($0.body)" } ?? "")\(worker.process.tail())")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// What every program needs to know.
    var arguments: [String] { ["--broker", broker, "--application", application] }

    /// The client's lines.
    func runClient() async throws -> [String] {
        let client = try ChildProcess(
            Self.program("guestlist"), arguments + ["--read-model", readModel], errors: .captured, removing: removed)
        let status = try await client.exit(within: .seconds(60))
        guard status.isSuccess else { throw SupportError("\(client.name) \(status):\n\(client.standardError)") }
        return client.standardOutput.split(separator: "\n").map(String.init)
    }

    /// Drains the workers, then ends the server.
    /// - Throws: `SupportError` when a worker did not end as it should. All of them have ended all the same.
    func end() async throws {
        for worker in workers { worker.process.terminate() }
        var problems: [String] = []
        for worker in workers {
            let status = try? await worker.process.exit(within: .seconds(5))
            if status?.isSuccess != true {
                problems.append("\(worker.name) \(status.map { "\($0)" } ?? "was not drained within 5 s") after SIGTERM\(worker.process.tail())")
            }
            await worker.process.kill()
        }
        await server?.stop()
        guard problems.isEmpty else { throw SupportError(problems.joined(separator: "\n")) }
    }

    /// The last lines of every log.
    var tails: String {
        let logs = workers.map { ($0.name, $0.process.tail()) } + (server.map { [($0.name, $0.tail())] } ?? [])
        return logs.map { "--- \($0)\($1)" }.joined(separator: "\n")
    }

    /// Beside this program, in the build's folder.
    private static func program(_ name: String) throws -> String {
        guard let own = realpath("/proc/self/exe", nil) else { throw SupportError("cannot tell where this program lies: is /proc mounted?") }
        defer { free(own) }
        let folder = String(cString: own).split(separator: "/").dropLast().joined(separator: "/")
        let path = "/\(folder)/\(name)"
        guard access(path, X_OK) == 0 else { throw SupportError("there is no '\(path)': build it first (swift build)") }
        return path
    }
}

internal import Glibc
internal import Synchronization

/// A nats-server with JetStream on file storage, on loopback, for tests and the demo: it dies with this process.
///
/// Storage is synced as the server's default has it: what a `kill -9` of the server leaves behind is what the operating system holds.
/// Safe to use from several tasks; `kill`, `restart` and `stop` one at a time.
package final class NATSServer: Sendable {
    /// Where a server comes from.
    package enum Origin: Sendable, Equatable, CustomStringConvertible {
        /// Somebody else's, from `NATS_URL`: it is used, not started.
        case address(String)
        case program(path: String, version: String)

        package var description: String {
            switch self {
            case .address(let url): "the NATS server at \(url) (NATS_URL)"
            case .program(let path, let version): "nats-server \(version) (\(path))"
            }
        }
    }

    package enum Version: Sendable {
        /// `NATS_SERVER`, then PATH, then what lies beside the checkout.
        case any
        /// `NATS_SERVER_NEWEST`, then what lies beside the checkout.
        case newest
    }

    package let url: String
    package let port: Int
    package let origin: Origin
    /// Holds the server's storage and its log.
    package let folder: String
    private let temporary: TemporaryFolder?
    private let program: String
    private let arguments: [String]
    private let lifetime: ChildProcess.Lifetime
    private let process: Mutex<ChildProcess>

    // MARK: Finding

    /// The server to use: an address in `NATS_URL`, else a program: `NATS_SERVER`, one on PATH, one in `../shared/servers` beside the checkout.
    /// - Throws: `SupportError` naming the remedy when there is none.
    package static func find() throws -> Origin {
        if let url = Environment["NATS_URL"] { return .address(url) }
        return try findProgram(.any)
    }

    /// As `find`, of programs only: for who has to kill it.
    package static func findProgram(_ version: Version = .any) throws -> Origin {
        let path =
            switch version {
            case .any:
                try ServerProgram.find(
                    "nats-server", variable: "NATS_SERVER", beside: "nats",
                    remedy:
                        "there is no nats-server: install it (apt-get install nats-server), or name one in NATS_SERVER, or a running one in NATS_URL")
            case .newest:
                try ServerProgram.find(
                    "nats-server", variable: "NATS_SERVER_NEWEST", beside: "nats", searchesPath: false,
                    remedy: "there is no newest nats-server: name one in NATS_SERVER_NEWEST (a release of github.com/nats-io/nats-server)")
            }
        return try .program(path: path, version: self.version(of: path))
    }

    private static func version(of path: String) throws -> String {
        let process = try ChildProcess(path, ["--version"])
        let deadline = ContinuousClock.now + .seconds(10)
        while process.isRunning, ContinuousClock.now < deadline { usleep(1000) }
        guard let word = process.output.split(whereSeparator: \.isWhitespace).last(where: { $0.hasPrefix("v") && $0.contains(".") }) else {
            throw SupportError("'\(path)' does not say its version as a nats-server does\(process.tail())")
        }
        return String(word.dropFirst())
    }

    // MARK: Starting

    /// Starts a server on a free port and returns when it takes connections. Says on standard error which one it is.
    /// - Parameters:
    ///   - folder: for storage and log; kept. Nil: a temporary one, gone with the server.
    ///   - port: nil: a free one below 32768, so that no outgoing connection has it when the server starts again.
    ///   - arguments: more flags of nats-server's.
    ///   - lifetime: a detached server goes on without this process; it needs a folder of its own.
    package static func start(version: Version = .any, folder: String? = nil, port: Int? = nil, arguments: [String] = []) async throws -> NATSServer {
        try await start(findProgram(version), folder: folder, port: port, arguments: arguments)
    }

    package static func start(
        _ origin: Origin, folder: String? = nil, port: Int? = nil, arguments: [String] = [], lifetime: ChildProcess.Lifetime = .bound
    ) async throws -> NATSServer {
        guard case .program(let path, _) = origin else { throw SupportError("\(origin) is not ours to start: unset NATS_URL to have one started") }
        note(origin)
        let temporary = folder == nil ? try TemporaryFolder("eventhorizon-nats") : nil
        var attempts = 0
        while true {
            attempts += 1
            let server = try NATSServer(
                origin, program: path, folder: folder ?? temporary?.path ?? "", temporary: temporary, port: port ?? LoopbackPort.free(),
                arguments: arguments,
                lifetime: lifetime)
            do {
                try await server.becomeReady()
                return server
            } catch {
                // Somebody else may have taken the port since.
                guard port == nil, attempts < 5, server.log.contains("address already in use") else { throw error }
            }
        }
    }

    private init(
        _ origin: Origin, program: String, folder: String, temporary: TemporaryFolder?, port: Int, arguments: [String],
        lifetime: ChildProcess.Lifetime
    ) throws {
        self.origin = origin
        self.program = program
        self.folder = folder
        self.temporary = temporary
        self.lifetime = lifetime
        self.port = port
        url = "nats://127.0.0.1:\(port)"
        self.arguments = ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", "\(port)"] + arguments
        process = try Mutex(Self.launch(program, self.arguments, folder: folder, temporary: temporary, lifetime))
    }

    private static func launch(
        _ program: String, _ arguments: [String], folder: String, temporary: TemporaryFolder?, _ lifetime: ChildProcess.Lifetime
    ) throws -> ChildProcess {
        try ChildProcess(program, arguments, output: .file("\(folder)/nats-server.log"), lifetime: lifetime, removing: temporary?.path)
    }

    private func becomeReady() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !LoopbackPort.greets(port, with: "INFO ") {
            let process = self.child
            if let status = process.exitStatus { throw SupportError("\(origin) \(status) instead of starting\(process.tail())") }
            guard ContinuousClock.now < deadline else {
                throw SupportError("\(origin) takes no connections on port \(port) after 20 s\(process.tail())")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private var child: ChildProcess { process.withLock { $0 } }

    // MARK: Faults

    package var pid: Int32 { child.pid }
    package var isRunning: Bool { child.isRunning }
    /// What the server has written since it was first started in this folder.
    package var log: String { child.output }
    /// The last lines of its log, for a message to a person.
    package func tail() -> String { child.tail() }

    /// SIGKILL; returns when the process is gone.
    package func kill() async { await child.kill() }

    /// Kills the server if it runs, starts it on the same folder and port, and returns when it takes connections.
    package func restart() async throws {
        await kill()
        let started = try Self.launch(program, arguments, folder: folder, temporary: temporary, lifetime)
        process.withLock { $0 = started }
        try await becomeReady()
    }

    /// SIGSTOP: connections stay open and nothing answers.
    package func pause() { child.pause() }
    package func resume() { child.resume() }

    /// Ends the server in order. Its folder goes with the last reference, where it was a temporary one.
    package func stop() async {
        child.resume()
        child.terminate()
        _ = try? await child.exit(within: .seconds(5))
        await child.kill()
    }

    private static let noted = Mutex<[String]>([])

    /// Says on standard error what is used, once a process.
    package static func note(_ origin: Origin) { note("\(origin)") }

    static func note(_ what: String) {
        let line = "using \(what)"
        let isNew = noted.withLock { lines in
            if lines.contains(line) { return false }
            lines.append(line)
            return true
        }
        if isNew { StandardError.write(line) }
    }
}

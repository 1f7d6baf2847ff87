import EventHorizon
import EventHorizonBridge
import EventHorizonBrokers
import EventHorizonWorkers
import Glibc
import GuestList
import ServerSupport
import Testing

/// The path of a program on PATH.
func program(_ name: String, package: String) throws -> String {
    for folder in (Environment["PATH"] ?? "").split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
    throw SupportError("there is no \(name) on PATH: install it (apt-get install \(package))")
}

/// Runs `body` with a nats-server that has this configuration.
func withServer(_ configuration: String, arguments: [String] = [], _ body: (NATSServer) async throws -> Void) async throws {
    let folder = try TemporaryFolder("eventhorizon-security")
    let file = "\(folder.path)/nats.conf"
    try write(configuration, to: file)
    // Not what NATS_URL names: that server is secured as its owner wants it.
    try await NATSServer.start(arguments: ["-c", file] + arguments).use(body)
}

func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw SupportError("cannot write '\(path)': \(String(cString: strerror(errno)))") }
    fputs(text, file)
    fclose(file)
}

/// What no output may ever hold.
let secrets = ["s3cr3t-\"quoted\"\\pass", "s3cr3t-pass", "wr0ng-pass", "t0ken-s3cret"]

/// Holds a program to what it may say, and tells what it said when something else fails.
func expectNoSecret(in text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    for secret in secrets { #expect(!text.contains(secret), sourceLocation: sourceLocation) }
}

/// A program of the worked example as a process of its own, which lies beside this one.
func start(
    _ arguments: [String], of name: String = "guestlist-command-handler", environment: [String: String?] = [:]
) throws -> ChildProcess {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &path, path.count - 1)
    try #require(length > 0)
    let tests = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let programs = tests[..<(try #require(tests.lastIndex(of: "/")))]
    return try ChildProcess("\(programs)/\(name)", arguments, environment: environment, errors: .captured)
}

/// A worker that takes part, with the port of its health.
struct Worker {
    let process: ChildProcess
    let port: Int

    /// Returns when it is ready.
    init(_ arguments: [String], environment: [String: String?] = [:]) async throws {
        port = try LoopbackPort.free()
        process = try start(arguments + ["--http", "127.0.0.1:\(port)", "--log-level", "debug"], environment: environment)
        try await becomes(ready: true, within: .seconds(20))
    }

    /// How long it took.
    @discardableResult
    func becomes(ready: Bool, within limit: Duration) async throws -> Duration {
        let began = ContinuousClock.now
        while LoopbackPort.get("/readyz", from: port)?.status != (ready ? 200 : 503) {
            if let status = process.exitStatus { throw SupportError("the worker \(status)\(process.tail())") }
            let passed = ContinuousClock.now - began
            guard passed < limit else { throw SupportError("the worker is not \(ready ? "ready" : "unready") after \(limit)\(process.tail())") }
            try await Task.sleep(for: .milliseconds(20))
        }
        return ContinuousClock.now - began
    }

    /// Drains, and holds all that it said against the secrets.
    func end() async throws {
        let told = ["/readyz", "/metrics"].map { LoopbackPort.get($0, from: port)?.body ?? "" }.joined()
        process.terminate()
        #expect(try await process.exit(within: .seconds(20)) == .exited(0))
        expectNoSecret(in: told + process.output)
    }
}

/// What a program that cannot run says, which exits with 78 within its connect deadline.
func refusal(
    _ arguments: [String], of name: String = "guestlist-command-handler", environment: [String: String?] = [:]
) async throws -> String {
    let deadline = Duration.seconds(2)
    let isWorker = name == "guestlist-command-handler"
    let began = ContinuousClock.now
    let process = try start(arguments + ["--connect-deadline", "2s"] + (isWorker ? ["--http", "off"] : []), of: name, environment: environment)
    let status = try await process.exit(within: .seconds(20))
    #expect(status == .exited(78), "\(process.output)")
    // Beside the deadline: one attempt that has begun, of up to 2 s, and a start of a program on a busy machine.
    #expect(ContinuousClock.now - began < deadline + .seconds(6))
    #expect(process.standardOutput == "")
    expectNoSecret(in: process.output)
    return process.standardError
}

/// Sends commands as an application does, from this process.
struct Client {
    let commands: CommandPublisher

    init(_ server: String, configure: (inout BrokerSettings) -> Void = { _ in }) throws {
        var settings = BrokerSettings(address: try #require(BrokerAddress(server)), application: "guestlist", clientName: "security-tests")
        settings.connectDeadline = .seconds(10)
        configure(&settings)
        commands = CommandPublisher(broker: try broker(settings, surroundings: .system))
    }

    /// Invites a guest, and has the worker's answer.
    func invite(_ guest: Invitation.ID) async throws {
        guard case .accepted = try await commands.ask(.create(list: "olympus", name: "\(guest)", age: nil), to: guest, within: .seconds(20)) else {
            throw SupportError("\(guest) was not invited")
        }
    }
}

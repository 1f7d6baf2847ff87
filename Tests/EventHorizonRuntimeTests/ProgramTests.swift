import EventHorizonRuntime
import Glibc
import ServerSupport
import Testing

/// A program of the worked example as a process of its own.
@Suite(.timeLimit(.minutes(1))) struct ProgramTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder("program-tests") }

    func start(_ arguments: String..., environment: [String: String?] = [:]) throws -> ChildProcess {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        try #require(length > 0)
        let tests = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let programs = tests[..<(try #require(tests.lastIndex(of: "/")))]
        var environment = environment
        environment["EVENTHORIZON_READ_MODEL"] = folder.path
        return try ChildProcess("\(programs)/guestlist-projector", arguments, environment: environment, errors: .captured)
    }

    @Test func help_is_printed() async throws {
        let program = try start("--help")
        #expect(try await program.exit(within: .seconds(20)) == .exited(0))
        #expect(program.standardOutput.hasPrefix("guestlist-projector: a worker of Event Horizon.\n"))
        #expect(program.standardError == "")
    }

    @Test func a_misconfigured_program_exits_with_78_and_says_why() async throws {
        let program = try start("--broker", "memory:", "--http", "127.0.0.1:http")
        #expect(try await program.exit(within: .seconds(20)) == .exited(78))
        #expect(program.standardOutput == "")
        #expect(program.standardError.contains("  * --http is '127.0.0.1:http': expected host:port"))
    }

    @Test func a_program_is_ready_and_drains_on_sigterm() async throws {
        let port = try LoopbackPort.free()
        let program = try start("--broker=memory:", "--log-format=text", environment: ["EVENTHORIZON_HTTP": "127.0.0.1:\(port)"])
        _ = try await program.line(within: .seconds(20)) { $0.contains("started group=") }
        #expect(LoopbackPort.get("/readyz", from: port)?.status == 200)
        program.terminate()
        #expect(try await program.exit(within: .seconds(20)) == .exited(0))
        #expect(program.standardError.contains("drained group="))
    }
}

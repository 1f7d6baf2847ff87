import Glibc
import ServerSupport
import Testing

@Suite struct NATSServerTests {
    @Test func a_server_greets_on_loopback_and_is_gone_with_its_folder_when_stopped() async throws {
        var server: NATSServer? = try await NATSServer.start()
        let (pid, folder, port) = try (#require(server?.pid), #require(server?.folder), #require(server?.port))
        #expect(port < 32_768)
        #expect(LoopbackPort.greets(port, with: "INFO {"))
        await server?.stop()
        #expect(server?.isRunning == false)
        server = nil
        #expect(Glibc.kill(pid, 0) == -1)
        #expect(access(folder, F_OK) == -1)
    }

    @Test func a_killed_server_comes_back_on_its_folder_and_port() async throws {
        let server = try await NATSServer.start()
        let pid = server.pid
        await server.kill()
        #expect(!LoopbackPort.greets(server.port, with: "INFO {"))
        try await server.restart()
        #expect(server.pid != pid)
        #expect(LoopbackPort.greets(server.port, with: "INFO {"))
    }

    @Test func a_paused_server_does_not_greet() async throws {
        let server = try await NATSServer.start()
        server.pause()
        #expect(!LoopbackPort.greets(server.port, with: "INFO {"))
        server.resume()
        #expect(LoopbackPort.greets(server.port, with: "INFO {"))
    }

    @Test func a_flag_that_the_server_refuses_is_told_with_its_words() async throws {
        let error = await #expect(throws: SupportError.self) { try await NATSServer.start(arguments: ["--config", "/nowhere.conf"]) }
        #expect(error?.description.contains("open /nowhere.conf: no such file") == true)
    }

    @Test func its_version_is_known() throws {
        guard case .program(_, let version) = try NATSServer.findProgram() else {
            Issue.record("a program was asked for")
            return
        }
        #expect(version.split(separator: ".").count == 3)
    }
}

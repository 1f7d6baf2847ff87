import Glibc
import ServerSupport
import Testing

@Suite struct ChildProcessTests {
    private func shell(_ script: String, _ arguments: String...) throws -> ChildProcess {
        try ChildProcess("/bin/sh", ["-c", script, "sh"] + arguments)
    }

    @Test func output_and_exit_status_are_told() async throws {
        let process = try shell("echo one; echo two >&2; exit 7")
        #expect(try await process.exit(within: .seconds(10)) == .exited(7))
        #expect(process.output == "one\ntwo\n")
    }

    @Test func standard_error_can_be_kept_apart() async throws {
        let process = try ChildProcess("/bin/sh", ["-c", "echo one; echo two >&2"], errors: .captured)
        #expect(try await process.exit(within: .seconds(10)).isSuccess)
        #expect(process.standardOutput == "one\n")
        #expect(process.standardError == "two\n")
    }

    @Test func a_line_is_waited_for() async throws {
        let process = try shell("echo starting; sleep 0.05; echo ready on 7; sleep 60")
        #expect(try await process.line(within: .seconds(10)) { $0.hasPrefix("ready") } == "ready on 7")
        await process.kill()
        #expect(process.exitStatus == .killed(signal: SIGKILL))
    }

    @Test func an_end_before_the_line_is_an_error_with_the_output() async throws {
        let process = try shell("echo no way; exit 3")
        let error = await #expect(throws: SupportError.self) { try await process.line(within: .seconds(10)) { $0 == "ready" } }
        #expect(error?.description == "sh exited with 3 before it said what was waited for:\nno way\n")
    }

    @Test func a_limit_that_passes_is_an_error() async throws {
        let process = try shell("sleep 60")
        await #expect(throws: SupportError.self) { try await process.exit(within: .milliseconds(20)) }
        #expect(process.isRunning)
    }

    @Test func arguments_and_environment_arrive_as_given() async throws {
        let process = try ChildProcess(
            "/bin/sh", ["-c", #"printf '%s|' "$@" "$COLOUR" "${HOME-unset}""#, "sh", "a b", "", "*"],
            environment: ["COLOUR": "sea blue", "HOME": nil])
        #expect(try await process.exit(within: .seconds(10)).isSuccess)
        #expect(process.output == "a b||*|sea blue|unset|")
    }

    @Test func a_paused_process_stands_still_until_it_is_resumed() async throws {
        let process = try shell("trap 'echo term; exit 0' TERM; echo up; while :; do sleep 0.01; done")
        _ = try await process.line(within: .seconds(10)) { $0 == "up" }
        process.pause()
        process.terminate()
        await #expect(throws: SupportError.self) { try await process.exit(within: .milliseconds(100)) }
        process.resume()
        #expect(try await process.exit(within: .seconds(10)).isSuccess)
    }

    @Test func a_child_goes_with_its_last_reference() throws {
        var process: ChildProcess? = try shell("sleep 60")
        let pid = try #require(process?.pid)
        #expect(Glibc.kill(pid, 0) == 0)
        process = nil
        #expect(Glibc.kill(pid, 0) == -1)
    }

    @Test func a_detached_child_stays_until_it_is_killed() throws {
        let pid = try ChildProcess("/bin/sh", ["-c", "sleep 60"], lifetime: .detached).pid
        #expect(Glibc.kill(pid, SIGKILL) == 0)
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
    }

    @Test func a_child_inherits_no_descriptor_of_ours() async throws {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        let process = try ChildProcess("/bin/ls", ["/proc/self/fd"])
        #expect(try await process.exit(within: .seconds(10)).isSuccess)
        #expect(process.output.split(separator: "\n").count == 4)  // three, and the folder itself
    }

    @Test func a_program_that_is_not_there_is_named() {
        let error = #expect(throws: SupportError.self) { try ChildProcess("/nowhere/server") }
        #expect(error?.description == "'/nowhere/server' is not a program that can be started: No such file or directory")
    }

    @Test func a_temporary_folder_goes_with_what_is_in_it() throws {
        var folder: TemporaryFolder? = try TemporaryFolder("eventhorizon-test")
        let path = try #require(folder?.path)
        #expect(mkdir("\(path)/inner", 0o700) == 0)
        #expect(symlink("/tmp", "\(path)/inner/link") == 0)
        folder = nil
        #expect(access(path, F_OK) == -1)
        #expect(access("/tmp", F_OK) == 0)
    }

    @Test func free_ports_lie_below_those_of_outgoing_connections() throws {
        for _ in 0..<50 { #expect(try (10_000..<32_768).contains(LoopbackPort.free())) }
    }
}

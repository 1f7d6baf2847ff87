import Glibc
import ServerSupport
import Testing

/// The programs as they are built, on a real server.
@Suite(.serialized) struct DemoTests {
    private static let told = """
        invitation: Athena - confirmed
        invitation: Hades - confirmed
        invitation: Poseidon - denied
        invitation: Zeus - declined
        guest list: 4 invited - 3 accepted, 1 declined - 2 confirmed, 1 denied

        """

    /// In a temporary folder of its own, so that what it leaves behind is seen.
    private func demo(_ arguments: [String], in folder: TemporaryFolder) throws -> ChildProcess {
        let own = try #require(realpath("/proc/self/exe", nil))
        defer { free(own) }
        let program = String(cString: own).split(separator: "/").dropLast().joined(separator: "/")
        return try ChildProcess(
            "/\(program)/guestlist-demo", arguments, environment: ["TMPDIR": folder.path, "NATS_URL": nil, "BROKER": nil, "WORKERS": nil],
            errors: .captured)
    }

    /// Whose environment names the folder: the demo and all that it starts.
    private func processes(using folder: TemporaryFolder) -> [String] {
        names(in: "/proc").filter { entry in
            guard Int32(entry) != nil, let file = fopen("/proc/\(entry)/environ", "re") else { return false }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = fread(&bytes, 1, bytes.count, file)
            return String(decoding: bytes[..<count], as: UTF8.self).contains("TMPDIR=\(folder.path)")
        }
    }

    private func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    @Test(arguments: [["--workers", "1"], ["--workers", "3"], ["--broker", "memory"]])
    func the_demo_tells_the_story_and_leaves_nothing(arguments: [String]) async throws {
        let folder = try TemporaryFolder("demo")
        let demo = try demo(arguments, in: folder)
        let status = try await demo.exit(within: .seconds(30))
        #expect(status.isSuccess, "\(demo.standardError)")
        #expect(demo.standardOutput == Self.told)
        #expect(names(in: folder.path) == [])
        try await until("no process is left") { processes(using: folder).isEmpty }
    }

    @Test func a_killed_demo_takes_all_that_it_started_with_it() async throws {
        let folder = try TemporaryFolder("demo")
        let demo = try demo(["--workers", "2"], in: folder)
        // Itself, the server, six workers; each but itself has a watcher.
        try await until("the workers run") { processes(using: folder).count >= 15 }
        await demo.kill()
        try await until("nothing is left, neither processes nor files") { processes(using: folder).isEmpty && names(in: folder.path).isEmpty }
    }

    private func until(_ what: String, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "waited in vain until \(what)")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

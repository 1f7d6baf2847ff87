#if NATS
import EventHorizonBridge
import Glibc
import Synchronization
import Testing

/// A nats-server of a test's own, on a free port, with its data in a temporary folder.
final class TestServer: Sendable {
    let port: Int
    let folder: String
    private let process = Mutex<pid_t>(0)

    /// `NATS_SERVER` names the program; without it, the one on PATH.
    static let program = getenv("NATS_SERVER").map { String(cString: $0) } ?? "nats-server"

    init() throws {
        var template = Array("/tmp/event-horizon-nats-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        port = try Self.freePort()
        try start()
    }

    var url: String { "nats://127.0.0.1:\(port)" }

    /// Returns when it accepts connections.
    func start() throws {
        // The shell ends the server when the test run ends, however that happens.
        let script = "\"$0\" -js -sd \"$1\" -a 127.0.0.1 -p \"$2\" >\"$1/log\" 2>&1 & s=$!; echo $s >\"$1/pid\"; while kill -0 $PPID 2>/dev/null && kill -0 $s 2>/dev/null; do sleep 0.2; done; kill -9 $s"
        var pid = pid_t()
        let arguments = ["/bin/sh", "-c", script, Self.program, folder, String(port)].map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawn(&pid, "/bin/sh", nil, nil, arguments, environ) == 0)
        process.withLock { $0 = pid }
        let deadline = MonotonicTime.now + 10_000_000_000
        while MonotonicTime.now < deadline {
            if Self.accepts(port) { return }
            usleep(10_000)
        }
        Issue.record("\(Self.program) does not accept connections on port \(port)")
    }

    private var serverPID: pid_t? {
        guard let file = fopen("\(folder)/pid", "r") else { return nil }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 32)
        guard fgets(&text, 32, file) != nil else { return nil }
        return pid_t(String(decoding: text.prefix { $0 != 10 && $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// `kill -9`; the data stay.
    func kill() {
        if let server = serverPID { _ = Glibc.kill(server, SIGKILL) }
        let shell = process.withLock { process in
            defer { process = 0 }
            return process
        }
        var status: Int32 = 0
        if shell > 0 { waitpid(shell, &status, 0) }
    }

    /// SIGSTOP and SIGCONT.
    func pause() { if let server = serverPID { _ = Glibc.kill(server, SIGSTOP) } }
    func resume() { if let server = serverPID { _ = Glibc.kill(server, SIGCONT) } }

    deinit {
        kill()
        let command = "rm -rf '\(folder)'"
        var pid = pid_t()
        let arguments = ["/bin/sh", "-c", command].map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        if posix_spawn(&pid, "/bin/sh", nil, nil, arguments, environ) == 0 {
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
    }

    private static func socketAddress(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private static func accepts(_ port: Int) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = socketAddress(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }

    /// Below the ephemeral range.
    private static func freePort() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 20_000..<32_000)
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = socketAddress(port)
            let isFree = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
            }
            if isFree { return port }
        }
        throw NoPort()
    }

    struct NoPort: Error {}
}
#endif

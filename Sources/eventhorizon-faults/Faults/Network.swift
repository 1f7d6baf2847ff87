import ServerSupport
import Synchronization

/// The ways between the run's processes and its servers: each process has its own, so that each can fail by itself.
final class Network: Sendable {
    /// One process's way to every server.
    struct Line: Sendable {
        let name: String
        fileprivate let ways: [Toxiproxy.Way]

        /// What to give the process as its broker.
        var address: String { ways.map { "nats://127.0.0.1:\($0.port)" }.joined(separator: ",") }

        /// - Returns: What ends it.
        func begin(_ trouble: Trouble) throws -> @Sendable () throws -> Void {
            guard case .toxics(let toxics) = trouble.means else {
                for way in ways { try way.set(open: false) }
                return { for way in ways { try way.set(open: true) } }
            }
            let begun = try ways.flatMap { way in try toxics.map { (way, try way.add($0)) } }
            return { for (way, toxic) in begun { try way.end(toxic: toxic) } }
        }
    }

    /// What the run's own clients are called here.
    static let clients = "clients"

    private let proxy: Toxiproxy
    private let ports: [Int]
    private let lines = Mutex<[String: Line]>([:])

    /// - Parameter ports: the servers'.
    init(_ proxy: Toxiproxy, to ports: [Int]) {
        self.proxy = proxy
        self.ports = ports
    }

    /// The line of a process, made when it is first asked for.
    func line(of name: String) throws -> Line {
        if let line = lines.withLock({ $0[name] }) { return line }
        let line = Line(name: name, ways: try ports.enumerated().map { try proxy.way("\(name)-to-\($0.offset + 1)", to: $0.element) })
        lines.withLock { $0[name] = line }
        return line
    }

    func stop() async { await proxy.stop() }
}

internal import Synchronization

/// A toxiproxy on loopback: what stands between clients and a server, and can be made to fail. It dies with this process.
///
/// Its calls block, ending a toxic for as long as that holds something back. Safe to use from several tasks.
package final class Toxiproxy: Sendable {
    package enum Direction: String, Sendable {
        /// From the client to the server.
        case upstream
        /// From the server to the client.
        case downstream
    }

    /// What can be wrong with a way.
    package enum Toxic: Sendable, Equatable {
        /// Nothing gets through; whoever is connected is not told. When it ends, connections that it has met are closed.
        case silence(Direction)
        /// Each piece of data is late by so much, give or take `jitter`.
        case latency(Direction, Duration, jitter: Duration)
        /// In kilobytes a second.
        case bandwidth(Direction, Int)
        /// Connections end with a TCP reset, new ones too.
        case reset

        fileprivate var json: String {
            func toxic(_ type: String, _ direction: Direction, _ attributes: String) -> String {
                "\"type\":\"\(type)\",\"stream\":\"\(direction.rawValue)\",\"attributes\":{\(attributes)}"
            }
            func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
            return switch self {
            case .silence(let direction): toxic("timeout", direction, "\"timeout\":0")
            case .latency(let direction, let delay, let jitter):
                toxic("latency", direction, "\"latency\":\(milliseconds(delay)),\"jitter\":\(milliseconds(jitter))")
            case .bandwidth(let direction, let rate): toxic("bandwidth", direction, "\"rate\":\(rate)")
            case .reset: toxic("reset_peer", .downstream, "\"timeout\":0")
            }
        }
    }

    /// A port that leads to another.
    package struct Way: Sendable {
        package let name: String
        /// Where clients connect.
        package let port: Int
        fileprivate let proxy: Toxiproxy

        /// - Returns: Its name, to end it.
        package func add(_ toxic: Toxic) throws -> String {
            let name = "toxic-\(proxy.toxics.add(1, ordering: .relaxed).newValue)"
            _ = try proxy.ask("POST", "/proxies/\(self.name)/toxics", "{\"name\":\"\(name)\",\(toxic.json)}")
            return name
        }

        package func end(toxic name: String) throws { _ = try proxy.ask("DELETE", "/proxies/\(self.name)/toxics/\(name)") }

        /// A closed way refuses connections, and ends those that there are.
        package func set(open: Bool) throws { _ = try proxy.ask("POST", "/proxies/\(name)", "{\"enabled\":\(open)}") }
    }

    private let port: Int
    private let process: ChildProcess
    private let toxics = Atomic(0)

    private init(port: Int, process: ChildProcess) {
        self.port = port
        self.process = process
    }

    /// `TOXIPROXY_SERVER`, one on PATH, one in `../shared/servers` beside the checkout.
    /// - Throws: `SupportError` naming the remedy when there is none.
    package static func findProgram() throws -> String {
        try ServerProgram.find(
            "toxiproxy-server", variable: "TOXIPROXY_SERVER", beside: "toxiproxy",
            remedy: "there is no toxiproxy-server: put a release of github.com/Shopify/toxiproxy on PATH, or name one in TOXIPROXY_SERVER")
    }

    /// Starts one on a free port and returns when it answers. Says on standard error which one it is.
    package static func start(log: ChildProcess.Output = .captured) async throws -> Toxiproxy {
        let program = try findProgram()
        NATSServer.note("toxiproxy (\(program))")
        let port = try LoopbackPort.free()
        let process = try ChildProcess(program, ["-host", "127.0.0.1", "-port", "\(port)"], output: log)
        let deadline = ContinuousClock.now + .seconds(10)
        while LoopbackPort.get("/version", from: port)?.status != 200 {
            if let status = process.exitStatus { throw SupportError("'\(program)' \(status) instead of starting\(process.tail())") }
            guard ContinuousClock.now < deadline else {
                throw SupportError("'\(program)' does not answer on port \(port) after 10 s\(process.tail())")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return Toxiproxy(port: port, process: process)
    }

    /// A new way to a port of 127.0.0.1, open and fine.
    package func way(_ name: String, to upstream: Int) throws -> Way {
        let own = try LoopbackPort.free()
        let ends = "\"listen\":\"127.0.0.1:\(own)\",\"upstream\":\"127.0.0.1:\(upstream)\""
        _ = try ask("POST", "/proxies", "{\"name\":\"\(name)\",\(ends),\"enabled\":true}")
        return Way(name: name, port: own, proxy: self)
    }

    private func ask(_ method: String, _ path: String, _ body: String? = nil) throws -> String {
        // A toxic ends when what it held back has passed.
        guard let answer = LoopbackPort.request(method, path, body, from: port, within: 20) else {
            throw SupportError("toxiproxy does not answer to \(method) \(path)\(process.tail(lines: 5))")
        }
        guard (200..<300).contains(answer.status) else {
            throw SupportError("toxiproxy answers \(answer.status) to \(method) \(path): \(answer.body)")
        }
        return answer.body
    }

    package func stop() async { await process.kill() }
}

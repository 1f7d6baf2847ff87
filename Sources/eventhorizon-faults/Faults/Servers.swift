import EventHorizon
import EventHorizonBridge
import ServerSupport

/// The run's servers: one, or a cluster.
actor Servers {
    nonisolated let nodes: [any OwnedServer]
    private var isTaken = false

    init(_ nodes: [any OwnedServer]) { self.nodes = nodes }

    nonisolated var ports: [Int] { nodes.map(\.port) }
    nonisolated var address: String { nodes.map(\.url).joined(separator: ",") }
    nonisolated var isCluster: Bool { nodes.count > 1 }

    /// One server is disturbed at a time: false where one is.
    func take() -> Bool {
        defer { isTaken = true }
        return !isTaken
    }

    func give() { isTaken = false }

    /// The server that leads the stream; any where none does, or none says so.
    nonisolated func leader(of stream: String, _ random: inout SeededRandom) async -> any OwnedServer {
        let other = nodes[random.below(nodes.count)]
        guard isCluster else { return other }
        let ports = ports
        let name = try? await ForeignThread.run { try LogReader(ports: ports, stream: stream).state().leader }
        return nodes.indices.first { NATSCluster.name(of: $0) == name }.map { nodes[$0] } ?? other
    }

    /// Waits until the cluster works again: every stream has a leader, and consumers are made. A single server does when it takes connections.
    /// - Returns: False where it does not within the limit.
    nonisolated func isLed(_ streams: [String], within limit: Duration = .seconds(20)) async throws -> Bool {
        guard isCluster else { return true }
        let deadline = ContinuousClock.now + limit
        let ports = ports
        while ContinuousClock.now < deadline {
            let isLed = try? await ForeignThread.run {
                for stream in streams {
                    guard try LogReader(ports: ports, stream: stream).state().leader != nil else { return false }
                }
                // For a consumer the cluster itself needs a leader too.
                try LogReader(ports: ports, stream: streams[0]).read(after: .start, limit: .seconds(1)) { _ in false }
                return true
            }
            if isLed == true { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    nonisolated func name(of server: any OwnedServer) -> String {
        isCluster ? NATSCluster.name(of: nodes.firstIndex { $0 === server } ?? 0) : "the server"
    }

    nonisolated func kill() async { for node in nodes { await node.kill() } }
    nonisolated func stop() async { for node in nodes { await node.stop() } }
}

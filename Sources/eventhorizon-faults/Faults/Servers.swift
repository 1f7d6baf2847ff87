import EventHorizonBridge
import ServerSupport

/// The run's servers: one, or a cluster.
actor Servers {
    nonisolated let nodes: [NATSServer]
    private var isTaken = false

    init(_ nodes: [NATSServer]) { self.nodes = nodes }

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
    nonisolated func leader(of stream: String, _ random: inout SeededRandom) async -> NATSServer {
        let other = nodes[random.below(nodes.count)]
        guard isCluster else { return other }
        let ports = ports
        let name = try? await ForeignThread.run { try LogReader(ports: ports, stream: stream).state().leader }
        return nodes.indices.first { NATSCluster.name(of: $0) == name }.map { nodes[$0] } ?? other
    }

    nonisolated func name(of server: NATSServer) -> String {
        isCluster ? NATSCluster.name(of: nodes.firstIndex { $0 === server } ?? 0) : "the server"
    }

    nonisolated func kill() async { for node in nodes { await node.kill() } }
    nonisolated func stop() async { for node in nodes { await node.stop() } }
}

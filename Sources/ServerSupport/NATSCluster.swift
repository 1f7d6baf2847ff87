/// Several nats-servers on loopback that replicate their streams: each can be killed and restarted by itself.
package final class NATSCluster: Sendable {
    package let nodes: [NATSServer]

    private init(_ nodes: [NATSServer]) { self.nodes = nodes }

    /// Starts them, each with a folder of its own in `folder`, and returns when all take connections. Its leaders may be elected later.
    package static func start(_ origin: NATSServer.Origin, count: Int = 3, folder: String) async throws -> NATSCluster {
        let routes = try (0..<count).map { _ in try LoopbackPort.free() }
        let addresses = routes.map { "nats://127.0.0.1:\($0)" }.joined(separator: ",")
        var nodes: [NATSServer] = []
        for index in 0..<count {
            let own = "\(folder)/\(name(of: index))"
            try TemporaryFolder.make(own)
            let arguments = [
                "--name", name(of: index), "--cluster_name", "cluster", "--cluster", "nats://127.0.0.1:\(routes[index])", "--routes", addresses,
            ]
            nodes.append(try await NATSServer.start(origin, folder: own, arguments: arguments))
        }
        return NATSCluster(nodes)
    }

    /// What a node calls itself, in what the cluster says of its leaders.
    package static func name(of index: Int) -> String { "node-\(index + 1)" }
}

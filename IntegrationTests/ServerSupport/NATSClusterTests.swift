import Glibc
import ServerSupport
import Testing

@Suite(.enabled(if: (try? NATSServer.findProgram(.newest)) != nil, "there is no newest nats-server, and none is named in NATS_SERVER_NEWEST"))
struct NATSClusterTests {
    @Test func the_nodes_of_a_cluster_find_each_other_and_one_can_be_killed_and_restarted() async throws {
        let folder = try TemporaryFolder("eventhorizon-cluster")
        let cluster = try await NATSCluster.start(NATSServer.findProgram(.newest), folder: folder.path)
        #expect(cluster.nodes.count == 3)
        #expect(Set(cluster.nodes.map(\.port)).count == 3)
        func knowsALeader() async throws -> Bool {
            for _ in 0..<1_000 {
                if cluster.nodes.contains(where: { $0.log.contains("JetStream cluster new metadata leader") }) { return true }
                try await Task.sleep(for: .milliseconds(20))
            }
            return false
        }
        #expect(try await knowsALeader())
        await cluster.nodes[1].kill()
        #expect(!LoopbackPort.greets(cluster.nodes[1].port, with: "INFO {"))
        try await cluster.nodes[1].restart()
        #expect(LoopbackPort.greets(cluster.nodes[1].port, with: "INFO {"))
        for node in cluster.nodes { await node.stop() }
    }
}

#if Kafka
import EventHorizon
import Testing

@testable import EventHorizonKafka

@Suite struct NamesTests {
    @Test(arguments: [
        TopologyKey.topology(after: -1, nonce: 7), .topology(after: 12, nonce: .max), .starts(group: "a/b", nonce: 3),
        .kept(group: "commands/x/", partition: 5, position: Position(9)),
    ])
    func a_key_of_the_topology_is_read_as_it_was_written(key: TopologyKey) {
        #expect(TopologyKey(key.description) == key)
    }

    @Test(arguments: ["", "topology", "topology/a/1", "starts/x/g", "kept/1/2", "other/1/2", "kept/1/x/g"])
    func another_key_is_none(text: String) {
        #expect(TopologyKey(text) == nil)
    }

    @Test func a_reply_goes_where_its_address_says_and_nowhere_else() {
        let address = ReplyAddress(partition: 3, key: "a/b/7")
        #expect(ReplyAddress(address.description, partitionCount: 8) == address)
        for wrong in ["", "3", "3/", "8/a", "-1/a", "x/a", "3/" + String(repeating: "k", count: 513)] {
            #expect(ReplyAddress(wrong, partitionCount: 8) == nil, "\(wrong)")
        }
    }

    @Test func two_groups_never_share_a_transactional_id() throws {
        let names = try Names(application: "shop")
        let ids = [("a", 1, 0), ("a/1", 0, 1), ("a", 0, 1), ("a/1/0", 1, 0), ("a/1", 0, 0)]
        #expect(Set(ids.map { names.transactionalID(group: $0.0, partition: $0.1, turn: $0.2) }).count == ids.count)
        #expect(throws: Misconfiguration.self) { try Names(application: "a.b") }
        #expect(throws: Misconfiguration.self) { try Names(application: "") }
    }
}
#endif

import EventHorizon
import Testing

struct TopologyTests {
    private func projector(_ store: String?) -> GroupDeclaration {
        GroupDeclaration(name: "projector", log: .events, categories: ["test.v1.Thing"], store: store)
    }

    @Test func another_store_is_refused_with_both_names_and_the_remedy() throws {
        var topology = Topology(partitionCount: 8, incarnations: [:])
        #expect(try topology.record(projector("store-1")))
        #expect(topology.otherStore(of: projector("store-2")) == "store-1")
        let refused = #expect(throws: Misconfiguration.self) { try topology.record(projector("store-2")) }
        for word in ["store-1", "store-2", "stop the group's other members"] { #expect(refused?.description.contains(word) == true) }
        #expect(topology.groups["projector"]?.store == "store-1")
    }

    @Test func a_store_takes_the_place_of_the_one_that_is_named_and_of_no_other() throws {
        var topology = Topology(partitionCount: 8, incarnations: [:])
        _ = try topology.record(projector("store-1"))
        #expect(throws: Misconfiguration.self) { try topology.record(projector("store-2"), replacingStore: "store-0") }
        #expect(try topology.record(projector("store-2"), replacingStore: "store-1"))
        #expect(topology.groups["projector"]?.store == "store-2")
        #expect(topology.otherStore(of: projector("store-2")) == nil)
        #expect(topology.otherStore(of: projector(nil)) == nil)
    }
}

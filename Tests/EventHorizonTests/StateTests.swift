import EventHorizon
import EventHorizonJSON
import Testing

@Suite struct States {
    struct Seating: Saga {
        static let name = "seating"
        static let reads = Events(of: Invitation.self, only: .accepted)
        private var taken = 0

        init() {}
        static func route(_ event: Recorded<Invitation>) -> SagaRoute {
            if case .accepted(let list) = event.body { .startOrResume(list) } else { .ignore }
        }
        mutating func react(to event: Recorded<Invitation>) -> [Effect] {
            taken += 1
            return taken > 1 ? [.complete] : []
        }
    }

    struct Older: Codable { var taken = 7 }
    struct Newer: Codable, Equatable {
        struct Seat: Codable, Equatable { var row = 1 }
        var taken = 0
        var waiting = ["x"]
        var seat = Seat(row: 3)
        var name: String? = "hall"
    }

    @Test func a_saga_is_its_state() throws {
        var seating = Seating()
        #expect(seating.react(to: Recorded(.accepted(list: "olympus"), of: "athena")) == [])
        let bytes = try JSONFormat().encode { try seating.encode(to: $0) }
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"taken":1}"#)
        var read = try JSONFormat().decodeState(Seating.self, initial: Seating(), from: bytes)
        #expect(read.react(to: Recorded(.accepted(list: "olympus"), of: "hades")) == [.complete])
    }

    @Test func what_an_older_build_did_not_know_is_taken_from_the_initial_state() throws {
        let bytes = try JSONFormat().encode { try Older().encode(to: $0) }
        #expect(try JSONFormat().decodeState(Newer.self, initial: Newer(), from: bytes) == Newer(taken: 7))
    }

    @Test func what_is_there_wins_over_the_initial_state() throws {
        let state = Newer(taken: 1, waiting: [], seat: .init(row: 9), name: "attic")
        let bytes = try JSONFormat().encode { try state.encode(to: $0) }
        #expect(try JSONFormat().decodeState(Newer.self, initial: Newer(), from: bytes) == state)
        #expect(try JSONFormat().decodeState(Newer.self, initial: Newer(), from: Array(#"{"name":null}"#.utf8)).name == nil)
    }

    @Test func a_state_that_is_damaged_is_an_error() {
        for body in ["", "[]", #"{"taken":"x"}"#] {
            #expect(throws: DecodingError.self) { try JSONFormat().decodeState(Newer.self, initial: Newer(), from: Array(body.utf8)) }
        }
    }

    @Test func the_same_value_is_the_same_bytes_from_many_threads() async throws {
        let event = Invitation.Event.created(list: "a/b", name: "Athena", age: 42)
        let payloads = try await withThrowingTaskGroup(of: Payload.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    var events: [Invitation.Event] = []
                    let payload = try Invitation.Event.catalog.encode(event, format: .json)
                    try Invitation.Event.catalog.decode(payload, formats: [.json], into: &events)
                    #expect(events == [event])
                    return payload
                }
            }
            return try await group.reduce(into: [[UInt8]: Int]()) { $0[$1.bytes, default: 0] += 1 }
        }
        #expect(payloads == [Array(#"{"age":42,"list":"a/b","name":"Athena"}"#.utf8): 200])
    }
}

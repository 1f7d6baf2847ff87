import EventHorizon
import EventHorizonSQLite
import EventHorizonTesting
import GuestList
import Testing

@Suite struct ReadModelTests {
    @Test func a_row_follows_its_invitation() throws {
        let scenario = try Scenario(InvitationTable())
            .given(.created(list: "olympus", name: "Athena", age: 42), .accepted(list: "olympus"), of: "athena")
            .given(.created(list: "olympus", name: "Zeus", age: nil), .declined, of: "zeus")
        try scenario.then([["Athena", 42, "accepted"], ["Zeus", nil, "declined"]]) { db in
            try db.rows("SELECT name, age, status FROM invitation ORDER BY name")
        }
        try scenario.given(.confirmed, of: "athena").then([["confirmed"]]) { db in
            try db.rows("SELECT status FROM invitation WHERE id = 'athena'")
        }
    }

    @Test func a_list_counts_its_guests_and_no_others() throws {
        try Scenario(GuestListTable())
            .given(.created(list: "olympus", name: "Athena", age: 42), .accepted(list: "olympus"), .confirmed, of: "athena")
            .given(.created(list: "olympus", name: "Zeus", age: nil), .declined, of: "zeus")
            .given(.created(list: "olympus", name: "Poseidon", age: nil), .accepted(list: "olympus"), .denied, of: "poseidon")
            .given(.created(list: "hell", name: "Hades", age: nil), of: "hades")
            .then([["hell", 1, 0, 0, 0, 0], ["olympus", 3, 2, 1, 1, 1]]) { db in
                try db.rows("SELECT list, invited, accepted, declined, confirmed, denied FROM guest_list ORDER BY list")
            }
    }
}

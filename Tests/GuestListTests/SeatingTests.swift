import EventHorizon
import EventHorizonTesting
import GuestList
import Testing

@Suite struct SeatingTests {
    @Test func the_first_guests_are_confirmed() {
        Scenario(Seating.self)
            .when(.accepted(list: "olympus"), of: "athena")
            .then(.send(.confirm, to: "athena", of: Invitation.self))
            .when(.accepted(list: "olympus"), of: "hades")
            .then(.send(.confirm, to: "hades", of: Invitation.self))
    }

    @Test func the_third_guest_is_denied() {
        Scenario(Seating.self)
            .given(.accepted(list: "olympus"), of: "athena")
            .given(.accepted(list: "olympus"), of: "hades")
            .when(.accepted(list: "olympus"), of: "poseidon")
            .then(.send(.deny, to: "poseidon", of: Invitation.self))
    }

    @Test func every_list_has_its_own_seats() {
        #expect(Seating.route(Recorded(.accepted(list: "olympus"), of: "athena")) == .startOrResume("olympus"))
        #expect(Seating.route(Recorded(.accepted(list: "hell"), of: "hades")) == .startOrResume("hell"))
        #expect(Seating.route(Recorded(.declined, of: "zeus")) == .ignore)
    }
}

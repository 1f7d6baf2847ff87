import EventHorizonTesting
import GuestList
import Testing

// Dead letter 1/1 of guestlist.v1.Invitation/athena: 'guestlist.v1.AcceptInvite' cannot be handled: Bug()
@Test func dead_letter_1_1() {
    Scenario(Invitation.self)
        .given(
            .created(list: "olympus", name: "Pallas \"Athena\"\n", age: Optional(42)),
            .accepted(list: "olympus")
        )
        .when(.accept)
        .then()  // say what it comes to
}

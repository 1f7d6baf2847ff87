import EventHorizon
import EventHorizonTesting
import GuestList
import Testing

@Suite struct InvitationTests {
    @Test func a_guest_is_invited_once() {
        Scenario(Invitation.self)
            .when(.create(list: "olympus", name: "Athena", age: 42))
            .then(.created(list: "olympus", name: "Athena", age: 42))
            .when(.create(list: "olympus", name: "Athena", age: 42))
            .rejects(.alreadyInvited(name: "Athena"))
    }

    @Test func only_an_invited_guest_can_answer() {
        Scenario(Invitation.self).when(.accept).rejects(.unknownGuest)
    }

    @Test func a_guest_who_accepted_cannot_decline() {
        Scenario(Invitation.self)
            .given(.created(list: "olympus", name: "Athena", age: 42), .accepted(list: "olympus"))
            .when(.decline)
            .rejects(.alreadyAnswered(name: "Athena", with: .accepted))
    }

    @Test func the_same_answer_again_says_nothing() {
        Scenario(Invitation.self)
            .given(.created(list: "olympus", name: "Zeus", age: nil))
            .when(.decline).then(.declined)
            .when(.decline).then()
    }

    @Test func the_host_confirms_who_accepted() {
        Scenario(Invitation.self)
            .given(.created(list: "olympus", name: "Hades", age: nil), .accepted(list: "olympus"))
            .when(.confirm).then(.confirmed)
            .when(.confirm).then()
            .when(.deny).rejects(.notAccepted(name: "Hades"))
    }

    @Test func the_host_cannot_confirm_who_declined() {
        Scenario(Invitation.self)
            .given(.created(list: "olympus", name: "Zeus", age: nil), .declined)
            .when(.confirm)
            .rejects(.notAccepted(name: "Zeus"))
    }

    @Test func an_invitation_is_answered_at_most_once() throws {
        try Scenario(Invitation.self).explore { _, events in
            events.filter { if case .accepted = $0 { true } else { $0 == .declined } }.count <= 1
        }
    }

    @Test func the_wire_contract_is_kept() throws {
        #expect(
            try MessageCatalog<Invitation.Command>.contract() == [
                "guestlist.v1.CreateInvite {age: int?, list: string, name: string}",
                "guestlist.v1.AcceptInvite {}",
                "guestlist.v1.DeclineInvite {}",
                "guestlist.v1.ConfirmInvite {}",
                "guestlist.v1.DenyInvite {}",
            ])
        #expect(
            try MessageCatalog<Invitation.Event>.contract() == [
                "guestlist.v1.InviteCreated {age: int?, list: string, name: string}",
                "guestlist.v1.InviteAccepted {list: string}",
                "guestlist.v1.InviteDeclined {}",
                "guestlist.v1.InviteConfirmed {}",
                "guestlist.v1.InviteDenied {}",
            ])
    }
}

import EventHorizon

/// A guest's invitation: sent, then answered once, then confirmed or denied by the host.
struct Invitation: Aggregate {
    static let category = "guestlist.v1.Invitation"

    enum Command: Message {
        case create(list: String, name: String, age: Int?), accept, decline, confirm, deny

        /// Durable names on the wire. A case may be renamed, its name here never.
        enum CodingKeys: String, MessageName {
            case create = "guestlist.v1.CreateInvite"
            case accept = "guestlist.v1.AcceptInvite"
            case decline = "guestlist.v1.DeclineInvite"
            case confirm = "guestlist.v1.ConfirmInvite"
            case deny = "guestlist.v1.DenyInvite"
        }
    }

    enum Event: Message {
        case created(list: String, name: String, age: Int?), accepted(list: String), declined, confirmed, denied

        enum CodingKeys: String, MessageName {
            case created = "guestlist.v1.InviteCreated"
            case accepted = "guestlist.v1.InviteAccepted"
            case declined = "guestlist.v1.InviteDeclined"
            case confirmed = "guestlist.v1.InviteConfirmed"
            case denied = "guestlist.v1.InviteDenied"
        }
    }

    enum Rejection: Error, Codable, Equatable {
        case unknownGuest
        case alreadyInvited(name: String)
        case alreadyAnswered(name: String, with: Status)
        case notAccepted(name: String)
    }

    enum Status: String, Codable, Sendable { case created, accepted, declined, confirmed, denied }

    private var guest: (name: String, list: String)?
    private var status = Status.created

    init() {}

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        guard let guest else {
            guard case .create(let list, let name, let age) = command else { throw .unknownGuest }
            return [.created(list: list, name: name, age: age)]
        }
        switch (command, status) {
        case (.create, _): throw .alreadyInvited(name: guest.name)
        case (.accept, .created): return [.accepted(list: guest.list)]
        case (.decline, .created): return [.declined]
        case (.accept, .accepted), (.decline, .declined): return []
        case (.accept, _), (.decline, _): throw .alreadyAnswered(name: guest.name, with: status)
        case (.confirm, .accepted): return [.confirmed]
        case (.deny, .accepted): return [.denied]
        case (.confirm, .confirmed), (.deny, .denied): return []
        case (.confirm, _), (.deny, _): throw .notAccepted(name: guest.name)
        }
    }

    mutating func evolve(with event: Event) {
        switch event {
        case .created(let list, let name, _): guest = (name, list)
        case .accepted: status = .accepted
        case .declined: status = .declined
        case .confirmed: status = .confirmed
        case .denied: status = .denied
        }
    }
}

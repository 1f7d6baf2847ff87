import EventHorizon

/// An aggregate's events with everything that a catalog can say.
enum Order: EventSource {
    static let category = "shop.v1.Order"

    enum Event: Message {
        case placed(by: String, seats: Int, notes: [String]), shipped

        enum CodingKeys: String, MessageName {
            case placed = "shop.v1.OrderPlaced"
            case shipped = "shop.v1.OrderShipped"
        }

        struct PlacedV1: Decodable {
            var customer: String
            var shipped: Bool
        }

        static let catalog: MessageCatalog<Self> = [
            .upcast(.placed, from: PlacedV1.self, schema: 1) { old in
                [.placed(by: old.customer, seats: 1, notes: [])] + (old.shipped ? [.shipped] : [])
            },
            .renamed("shop.v0.Sent", to: .shipped),
            .renamed("shop.v0.Ordered", to: .placed),
            .retired("shop.v0.Viewed"),
        ]
    }
}

/// One without a catalog.
enum Invitation: EventSource {
    static let category = "guestlist.v1.Invitation"

    enum Event: Message {
        case created(list: String, name: String, age: Int?), accepted(list: String), declined

        enum CodingKeys: String, MessageName {
            case created = "guestlist.v1.InviteCreated"
            case accepted = "guestlist.v1.InviteAccepted"
            case declined = "guestlist.v1.InviteDeclined"
        }
    }
}

/// A reader in another repository: what it needs of an invitation and no more.
enum Acceptance: EventSource {
    static let category = Invitation.category
    enum Event: Message {
        case accepted(list: String)
        enum CodingKeys: String, MessageName { case accepted = "guestlist.v1.InviteAccepted" }
    }
}

import EventHorizon

/// An aggregate that never rejects, with an older schema, a renamed and a retired event.
struct Order: Aggregate {
    static let category = "shop.v1.Order"

    enum Command: Message {
        case place(seats: Int)
        enum CodingKeys: String, MessageName { case place = "shop.v1.PlaceOrder" }
    }

    enum Event: Message {
        case placed(by: String, seats: Int, notes: [String]), shipped
        enum CodingKeys: String, MessageName {
            case placed = "shop.v1.OrderPlaced"
            case shipped = "shop.v1.OrderShipped"
        }

        struct PlacedV1: Decodable { var customer: String }

        static let catalog: MessageCatalog<Self> = [
            .upcast(.placed, from: PlacedV1.self, schema: 1) { old in [.placed(by: old.customer, seats: 1, notes: [])] },
            .renamed("shop.v0.Sent", to: .shipped),
            .retired("shop.v0.Viewed"),
        ]
    }

    init() {}
    func decide(_ command: Command) -> [Event] {
        switch command {
        case .place(let seats): [.placed(by: "ada", seats: seats, notes: ["window", "late"])]
        }
    }
    mutating func evolve(with event: Event) {}
}

public import EventHorizon

/// Confirms the first guests who accept, denies the rest.
public struct Seating: Saga {
    public static let name = "seating"
    public static let reads = Events(of: Invitation.self, only: .accepted)
    public static let seats = 2

    private var taken = 0

    public init() {}

    public static func route(_ event: Recorded<Invitation>) -> SagaRoute {
        if case .accepted(let list) = event.body { .startOrResume(list) } else { .ignore }
    }

    public mutating func react(to event: Recorded<Invitation>) -> [Effect] {
        defer { taken += 1 }
        return [.send(taken < Self.seats ? .confirm : .deny, to: event.aggregate)]
    }
}

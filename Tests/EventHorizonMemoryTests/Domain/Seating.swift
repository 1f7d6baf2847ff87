import EventHorizon

/// Confirms the first guests who accept, denies the rest.
struct Seating: Saga {
    static let name = "seating"
    static let reads = Events(of: Invitation.self, only: .accepted)
    static let seats = 2

    private var taken = 0

    init() {}

    static func route(_ event: Recorded<Invitation>) -> SagaRoute {
        if case .accepted(let list) = event.body { .startOrResume(list) } else { .ignore }
    }

    mutating func react(to event: Recorded<Invitation>) -> [Effect] {
        defer { taken += 1 }
        return [.send(taken < Self.seats ? .confirm : .deny, to: event.aggregate)]
    }
}

/// A saga with timers, several sources and compensation.
struct Trip: Saga {
    static let name = "trip"
    static let reads = Events(Input.order, Input.invitation)
    enum Input: Sendable { case order(Recorded<Order>), invitation(Recorded<Invitation>) }
    enum Timer: Codable, Sendable { case unanswered }

    init() {}

    static func route(_ event: Input) -> SagaRoute {
        switch event {
        case .order(let order): .start(order.aggregate)
        case .invitation(let invitation): .resume(invitation.aggregate)
        }
    }
    mutating func react(to event: Input) -> [Effect] {
        switch event {
        case .order(let order):
            [
                .send(.create(list: "trip", name: "Ada", age: nil), to: Invitation.ID(order.aggregate), undo: .decline),
                .schedule(.unanswered, after: .seconds(600)),
            ]
        case .invitation: [.cancel(.unanswered), .complete]
        }
    }
    mutating func react(to timer: Timer) -> [Effect] {
        switch timer {
        case .unanswered: [.compensate, .complete]
        }
    }
    mutating func react(to rejection: RejectedEffect) -> [Effect] {
        guard let (_, reason) = rejection.from(Invitation.self) else { return [] }
        return switch reason {
        case .alreadyInvited: []
        default: [.compensate, .complete]
        }
    }
}

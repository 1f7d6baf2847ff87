internal import EventHorizon
internal import EventHorizonJSON
public import EventHorizonHistory
internal import GuestList

extension Violation.Check {
    /// Guests answer once, and are confirmed or denied once, after they accepted.
    public static let guests = Self("guests")
    /// Never more than the limit is confirmed, and nobody is denied while there is a seat.
    public static let seats = Self("seats")
    /// The tables are the fold of the log.
    public static let tables = Self("tables")
}

extension History {
    /// What the guest list promises beyond what every application does.
    /// - Parameter tables: as read from the store.
    public func guestListViolations(_ tables: GuestListTables) -> [Violation] {
        var guests: [String: Guest] = [:]
        var found: [Violation] = []
        for logged in events {
            for decided in logged.commit.decided {
                if case .deadLettered(let reason) = decided.outcome {
                    found.append(Violation(.guests, logged.commit.stream, "command \(decided.id) became a dead letter: \(reason)"))
                }
            }
            guard logged.commit.stream.category == Category(Invitation.category) else { continue }
            for event in logged.commit.events {
                do {
                    var bodies: [Invitation.Event] = []
                    try Invitation.Event.catalog.decode(event.payload, formats: [.json], into: &bodies)
                    for body in bodies {
                        if let problem = guests[event.stream.aggregate, default: Guest()].take(body) {
                            found.append(Violation(.guests, event.stream, "\(event.payload.name) \(event.id): \(problem)"))
                        }
                    }
                } catch {
                    found.append(Violation(.records, event.stream, "\(event.payload.name) \(event.id) cannot be read: \(error)"))
                }
            }
        }
        return found + answerViolations(guests) + routeViolations() + tableViolations(guests, tables)
    }

    /// Every accepted guest is confirmed or denied; seats are given until there are none.
    private func answerViolations(_ guests: [String: Guest]) -> [Violation] {
        var found: [Violation] = []
        for (id, guest) in guests.sorted(by: { $0.key < $1.key }) where guest.row?.status == "accepted" {
            found.append(Violation(.guests, StreamID(Category(Invitation.category), id), "accepted, and was neither confirmed nor denied"))
        }
        let byList = Dictionary(grouping: guests.values.compactMap(\.row), by: \.list)
        for (list, rows) in byList.sorted(by: { $0.key < $1.key }) {
            let confirmed = rows.count { $0.status == "confirmed" }
            let answered = rows.count { $0.status == "confirmed" || $0.status == "denied" || $0.status == "accepted" }
            let due = min(Seating.seats, answered)
            if confirmed != due {
                found.append(
                    Violation(
                        .seats, StreamID(Category("saga.\(Seating.name)"), list),
                        "\(confirmed) guests are confirmed, \(answered) accepted and there are \(Seating.seats) seats"))
            }
        }
        return found
    }

    /// Every acceptance reached its list's saga once, and led to one effect.
    private func routeViolations() -> [Violation] {
        var found: [Violation] = []
        var inputs: [MessageID: Int] = [:]
        let saga = Category("saga.\(Seating.name)")
        for logged in events where logged.commit.stream.category == saga {
            for decided in logged.commit.decided { inputs[decided.id, default: 0] += 1 }
            let effects = logged.commit.step?.effects.count ?? 0
            if effects != logged.commit.decided.count {
                found.append(
                    Violation(
                        .sagaSteps, logged.commit.stream,
                        "commit \(logged.commit.number) takes \(logged.commit.decided.count) acceptances and has \(effects) effects"))
            }
        }
        for logged in events where logged.commit.stream.category == Category(Invitation.category) {
            for event in logged.commit.events where event.payload.name == Invitation.Event.CodingKeys.accepted.rawValue {
                var bodies: [Invitation.Event] = []
                try? Invitation.Event.catalog.decode(event.payload, formats: [.json], into: &bodies)
                guard case .accepted(let list)? = bodies.first else { continue }
                let input = MessageID(named: "\(saga)/\(list)/\(event.id)".utf8, in: Self.inputNamespace)
                let count = inputs.removeValue(forKey: input) ?? 0
                if count != 1 {
                    found.append(Violation(.sagaSteps, event.stream, "its acceptance \(event.id) was taken \(count) times by '\(saga)/\(list)'"))
                }
            }
        }
        for (input, _) in inputs.sorted(by: { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }) {
            found.append(Violation(.sagaSteps, nil, "the saga took \(input), which no acceptance leads to"))
        }
        return found
    }

    /// Of an input's id: a UUID of version 5 of `<saga's stream>/<event id>`.
    static let inputNamespace = MessageID(high: 0x2F81_C3D4_7A06_4B59, low: 0x9E17_D0A8_3C5B_F261)

    private func tableViolations(_ guests: [String: Guest], _ tables: GuestListTables) -> [Violation] {
        var found: [Violation] = []
        var made = GuestListTables()
        for (id, guest) in guests {
            guard let row = guest.row else { continue }
            made.invitations[id] = row
            made.lists[row.list, default: .init()].invited += 1
            made.lists[row.list]?.accepted += guest.acceptances
            made.lists[row.list]?.declined += guest.declines
            made.lists[row.list]?.confirmed += guest.confirmations
            made.lists[row.list]?.denied += guest.denials
        }
        for id in Set(made.invitations.keys).union(tables.invitations.keys).sorted() where made.invitations[id] != tables.invitations[id] {
            found.append(
                Violation(
                    .tables, StreamID(Category(Invitation.category), id),
                    "the invitation's row is \(text(tables.invitations[id])), the log gives \(text(made.invitations[id]))"))
        }
        for list in Set(made.lists.keys).union(tables.lists.keys).sorted() where made.lists[list] != tables.lists[list] {
            found.append(
                Violation(
                    .tables, StreamID(Category("saga.\(Seating.name)"), list),
                    "the guest list's row is \(text(tables.lists[list])), the log gives \(text(made.lists[list]))"))
        }
        return found
    }

    private func text(_ row: GuestListTables.Invitation?) -> String {
        row.map { "\($0.name) of \($0.list), age \($0.age.map(String.init) ?? "unknown"), \($0.status)" } ?? "not there"
    }

    private func text(_ row: GuestListTables.List?) -> String {
        row.map { "\($0.invited) invited, \($0.accepted) accepted, \($0.declined) declined, \($0.confirmed) confirmed, \($0.denied) denied" }
            ?? "not there"
    }
}

/// One invitation, made of its events with no regard for whether they should be there.
private struct Guest {
    var row: GuestListTables.Invitation?
    var acceptances = 0
    var declines = 0
    var confirmations = 0
    var denials = 0

    /// - Returns: Why the event should not be there.
    mutating func take(_ event: Invitation.Event) -> String? {
        let status = row?.status
        switch event {
        case .created(let list, let name, let age):
            defer { row = .init(list: list, name: name, age: age, status: "created") }
            return status == nil ? nil : "was created before"
        case .accepted(let list):
            acceptances += 1
            row?.status = "accepted"
            if let row, row.list != list { return "accepted for list '\(list)', and is invited to '\(row.list)'" }
            return status == "created" ? nil : "accepted when it was \(status ?? "not created")"
        case .declined:
            declines += 1
            row?.status = "declined"
            return status == "created" ? nil : "declined when it was \(status ?? "not created")"
        case .confirmed:
            confirmations += 1
            row?.status = "confirmed"
            return status == "accepted" ? nil : "confirmed when it was \(status ?? "not created")"
        case .denied:
            denials += 1
            row?.status = "denied"
            return status == "accepted" ? nil : "denied when it was \(status ?? "not created")"
        }
    }
}

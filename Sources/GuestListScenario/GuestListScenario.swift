public import EventHorizon
public import EventHorizonSQLite
internal import EventHorizonWorkers
internal import GuestList

/// The example's story: four guests are invited, three accept, one declines, and the host has two seats.
///
/// Runs once an application, since a guest is invited once.
public struct GuestListScenario: Sendable {
    private let commands: CommandPublisher
    private let store: SQLite
    private let limit: Duration
    private let list = "olympus"

    /// - Parameters:
    ///   - store: where the projectors write.
    ///   - limit: how long to wait for each answer and for each read model.
    public init(broker: any Broker, readModel store: SQLite, within limit: Duration = .seconds(10)) {
        commands = CommandPublisher(broker: broker)
        self.store = store
        self.limit = limit
    }

    /// - Returns: What the read models' tables hold in the end, a line for each guest by name and one for the list.
    /// - Throws: `ScenarioError` when something answers as it should not, or what the broker or the store throws.
    public func run() async throws -> [String] {
        let athena: Invitation.ID = "athena", hades: Invitation.ID = "hades", zeus: Invitation.ID = "zeus", poseidon: Invitation.ID = "poseidon"
        var last = [try await tell(.create(list: list, name: "Athena", age: 42), athena)]
        last.append(try await tell(.create(list: list, name: "Hades", age: nil), hades))
        last.append(try await tell(.create(list: list, name: "Zeus", age: nil), zeus))
        last.append(try await tell(.create(list: list, name: "Poseidon", age: nil), poseidon))

        last.append(try await accept(athena))
        switch try await commands.ask(.decline, to: athena, within: limit) {
        case .rejected(.alreadyAnswered(name: "Athena", with: .accepted)), .rejected(.alreadyAnswered(name: "Athena", with: .confirmed)): break
        case .rejected(let rejection): throw ScenarioError("declining after accepting was rejected, but as \(rejection)")
        case .accepted: throw ScenarioError("Athena accepted and could then decline: the command handler has lost an event")
        }
        last.append(try await accept(hades))
        last.append(try await tell(.decline, zeus))
        last.append(try await accept(poseidon))
        return try await lines(after: last)
    }

    private func tell(_ command: Invitation.Command, _ guest: Invitation.ID) async throws -> Receipt {
        switch try await commands.ask(command, to: guest, within: limit) {
        case .accepted(let receipt): return receipt
        case .rejected(.alreadyInvited(let name)):
            throw ScenarioError(
                "\(name) is invited already: the scenario runs once an application, so give --application another name, here and to the workers")
        case .rejected(let rejection): throw ScenarioError("\(guest) rejected \(command): \(rejection)")
        }
    }

    /// Accepts, and waits until the saga has had the guest confirmed or denied: arrival in order is what makes the end predictable.
    private func accept(_ guest: Invitation.ID) async throws -> Receipt {
        let receipt = try await tell(.accept, guest)
        try await until("\(guest) is confirmed or denied: does a saga worker run?") {
            try await store.read(InvitationTable.self, atLeast: receipt, within: limit) { db in
                try db.row("SELECT 1 FROM invitation WHERE id = ? AND status IN ('confirmed', 'denied')", guest) != nil
            }
        }
        return receipt
    }

    private func lines(after receipts: [Receipt]) async throws -> [String] {
        for receipt in receipts {
            try await store.read(GuestListTable.self, atLeast: receipt, within: limit) { _ in }
            try await store.read(InvitationTable.self, atLeast: receipt, within: limit) { _ in }
        }
        // The host's answers are not ours, so there is no receipt of them: every acceptance must have its own.
        try await until("the counts of '\(list)' have seen every answer of the host: does a projector worker run?") {
            try await store.read(GuestListTable.self) { db in
                try db.row("SELECT 1 FROM guest_list WHERE list = ? AND confirmed + denied = accepted", list) != nil
            }
        }
        let guests = try await store.read(InvitationTable.self) { db in
            try db.rows("SELECT name, status FROM invitation WHERE list = ? ORDER BY name", list).map { row in
                "invitation: \(try row["name", as: String.self]) - \(try row["status", as: String.self])"
            }
        }
        let counts = try await store.read(GuestListTable.self) { db in
            try db.rows("SELECT invited, accepted, declined, confirmed, denied FROM guest_list WHERE list = ?", list).map { row in
                let count = { (name: String) in try row[name, as: Int.self] }
                return "guest list: \(try count("invited")) invited - \(try count("accepted")) accepted, \(try count("declined")) declined - "
                    + "\(try count("confirmed")) confirmed, \(try count("denied")) denied"
            }
        }
        return guests + counts
    }

    private func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw ScenarioError("waited \(limit) in vain until \(what)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

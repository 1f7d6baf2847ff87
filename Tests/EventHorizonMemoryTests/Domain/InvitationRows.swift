import EventHorizon

/// One row per invitation.
struct InvitationRows: Projector {
    static let name = "invitations"
    static let reads = Events(of: Invitation.self)

    func createSchema(in db: borrowing StoreTransaction<DictionaryStore>) throws { try db.connection.makeTable() }

    func project(_ event: Recorded<Invitation>, in db: borrowing StoreTransaction<DictionaryStore>) throws {
        let status =
            switch event.body {
            case .created: "created"
            case .accepted: "accepted"
            case .declined: "declined"
            case .confirmed: "confirmed"
            case .denied: "denied"
            }
        db.connection["\(event.aggregate)"] = "\(status) at \(event.version)"
    }
}

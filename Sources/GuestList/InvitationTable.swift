public import EventHorizon
public import EventHorizonSQLite

/// One row per invitation. Runs inside the store's transaction, which also moves the checkpoint.
public struct InvitationTable: Projector {
    public static let name = "invitations"
    public static let version = 1  // a new version is built beside the old one
    public static let reads = Events(of: Invitation.self)

    public init() {}

    public func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute("CREATE TABLE invitation (id TEXT PRIMARY KEY, list TEXT NOT NULL, name TEXT NOT NULL, age INTEGER, status TEXT NOT NULL)")
    }

    public func project(_ event: Recorded<Invitation>, in db: borrowing SQLiteTransaction) throws {
        switch event.body {
        case .created(let list, let name, let age):
            try db.execute("INSERT INTO invitation VALUES (?, ?, ?, ?, 'created')", event.aggregate, list, name, age)
        case .accepted: try set("accepted", event, db)
        case .declined: try set("declined", event, db)
        case .confirmed: try set("confirmed", event, db)
        case .denied: try set("denied", event, db)
        }
    }

    private func set(_ status: String, _ event: Recorded<Invitation>, _ db: borrowing SQLiteTransaction) throws {
        try db.execute("UPDATE invitation SET status = ? WHERE id = ?", status, event.aggregate)
    }
}

public import EventHorizon
public import EventHorizonSQLite

/// One row per guest list: how many guests were invited, how many answered, and what the host said to them.
///
/// Guests of one list lie in several partitions, so several members may write the same row: each write is a transaction of its own.
public struct GuestListTable: Projector {
    public static let name = "guest-lists"
    public static let reads = Events(of: Invitation.self)

    public init() {}

    public func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute(
            """
            CREATE TABLE guest_list (
                list TEXT PRIMARY KEY, invited INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0,
                declined INTEGER NOT NULL DEFAULT 0, confirmed INTEGER NOT NULL DEFAULT 0, denied INTEGER NOT NULL DEFAULT 0)
            """)
        try db.execute("CREATE TABLE guest (id TEXT PRIMARY KEY, list TEXT NOT NULL)")
    }

    public func project(_ event: Recorded<Invitation>, in db: borrowing SQLiteTransaction) throws {
        switch event.body {
        case .created(let list, _, _):
            try db.execute("INSERT INTO guest VALUES (?, ?)", event.aggregate, list)
            try db.execute("INSERT INTO guest_list (list, invited) VALUES (?, 1) ON CONFLICT (list) DO UPDATE SET invited = invited + 1", list)
        case .accepted(let list):
            try db.execute("UPDATE guest_list SET accepted = accepted + 1 WHERE list = ?", list)
        case .declined:
            try db.execute("UPDATE guest_list SET declined = declined + 1 WHERE list = (SELECT list FROM guest WHERE id = ?)", event.aggregate)
        case .confirmed:
            try db.execute("UPDATE guest_list SET confirmed = confirmed + 1 WHERE list = (SELECT list FROM guest WHERE id = ?)", event.aggregate)
        case .denied:
            try db.execute("UPDATE guest_list SET denied = denied + 1 WHERE list = (SELECT list FROM guest WHERE id = ?)", event.aggregate)
        }
    }
}

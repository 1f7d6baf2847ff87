internal import EventHorizon
public import EventHorizonHistory
public import EventHorizonSQLite
internal import GuestList

extension GuestListTables {
    /// What both read models hold, and how far they say they are.
    /// - Throws: `ReadModelError.missing` where a projector never ran, `SQLiteError`.
    public static func read(from store: SQLite) throws -> (tables: GuestListTables, progress: [StoredProgress]) {
        var tables = GuestListTables()
        var progress: [StoredProgress] = []
        func note(_ projection: ProjectionID, _ stored: [Int: Checkpoint]) {
            progress.append(
                StoredProgress(
                    projection: "\(projection)", categories: [Category(GuestList.Invitation.category)], checkpoints: stored.mapValues(\.position)))
        }
        try store.snapshot(of: ProjectionID(InvitationTable.self)) { db, stored in
            note(ProjectionID(InvitationTable.self), stored)
            for row in try db.rows("SELECT id, list, name, age, status FROM invitation") {
                tables.invitations[try row["id"]] = .init(
                    list: try row["list"], name: try row["name"], age: try row["age"], status: try row["status"])
            }
        }
        try store.snapshot(of: ProjectionID(GuestListTable.self)) { db, stored in
            note(ProjectionID(GuestListTable.self), stored)
            for row in try db.rows("SELECT list, invited, accepted, declined, confirmed, denied FROM guest_list") {
                tables.lists[try row["list"]] = .init(
                    invited: try row["invited"], accepted: try row["accepted"], declined: try row["declined"], confirmed: try row["confirmed"],
                    denied: try row["denied"])
            }
        }
        return (tables, progress)
    }
}

import EventHorizon
import EventHorizonHistory
import EventHorizonSQLite
import EventHorizonWire
import GuestList
import GuestListHistory

extension History {
    mutating func add(commands records: [LogRecord]) {
        let codec = WireCodec()
        for record in records {
            do {
                let envelope = try record.body.withUnsafeBytes { try codec.decodeEnvelope($0) }
                commands.append(LoggedCommand(partition: record.partition, position: record.position, envelope: envelope))
            } catch { unreadable.append("the command at \(record.position) (\(record.subject)): \(error)") }
        }
    }

    mutating func add(events records: [LogRecord]) {
        let codec = WireCodec()
        for record in records {
            do {
                let commit = try record.body.withUnsafeBytes { try codec.decodeCommit($0) }
                events.append(LoggedCommit(partition: record.partition, position: record.position, commit: commit))
            } catch { unreadable.append("the commit at \(record.position) (\(record.subject)): \(error)") }
        }
        endOfEvents = events.last?.position ?? .start
    }

    /// - Returns: What the tables hold.
    mutating func add(readModels store: SQLite) throws -> GuestListTables {
        func progress(_ projection: ProjectionID, _ stored: [Int: Checkpoint]) -> StoredProgress {
            StoredProgress(projection: "\(projection)", categories: [Category(Invitation.category)], checkpoints: stored.mapValues(\.position))
        }
        var tables = GuestListTables()
        try store.snapshot(of: ProjectionID(InvitationTable.self)) { db, stored in
            readModels.append(progress(ProjectionID(InvitationTable.self), stored))
            for row in try db.rows("SELECT id, list, name, age, status FROM invitation") {
                tables.invitations[try row["id"]] = .init(
                    list: try row["list"], name: try row["name"], age: try row["age"], status: try row["status"])
            }
        }
        try store.snapshot(of: ProjectionID(GuestListTable.self)) { db, stored in
            readModels.append(progress(ProjectionID(GuestListTable.self), stored))
            for row in try db.rows("SELECT list, invited, accepted, declined, confirmed, denied FROM guest_list") {
                tables.lists[try row["list"]] = .init(
                    invited: try row["invited"], accepted: try row["accepted"], declined: try row["declined"], confirmed: try row["confirmed"],
                    denied: try row["denied"])
            }
        }
        return tables
    }
}

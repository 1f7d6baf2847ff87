import EventHorizon
import EventHorizonHistory
import EventHorizonSQLite
import EventHorizonWire
import GuestList
import GuestListHistory

extension History {
    mutating func add(commands contents: LogContents) {
        commands = readCommands(contents.records)
        abortedCommands = readCommands(contents.aborted)
        commandsAreWhole = contents.isWhole
    }

    mutating func add(events contents: LogContents) {
        events = readCommits(contents.records)
        abortedEvents = readCommits(contents.aborted)
        endOfEvents = events.last?.position ?? .start
        endsOfEvents = contents.ends
    }

    private mutating func readCommands(_ records: [LogRecord]) -> [LoggedCommand] {
        let codec = WireCodec()
        return records.compactMap { record in
            do {
                let envelope = try record.body.withUnsafeBytes { try codec.decodeEnvelope($0) }
                return LoggedCommand(partition: record.partition, position: record.position, envelope: envelope)
            } catch {
                unreadable.append("the command at \(record.position) (\(record.name)): \(error)")
                return nil
            }
        }
    }

    private mutating func readCommits(_ records: [LogRecord]) -> [LoggedCommit] {
        let codec = WireCodec()
        return records.compactMap { record in
            do {
                let commit = try record.body.withUnsafeBytes { try codec.decodeCommit($0) }
                return LoggedCommit(partition: record.partition, position: record.position, commit: commit)
            } catch {
                unreadable.append("the commit at \(record.position) (\(record.name)): \(error)")
                return nil
            }
        }
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

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
        read(records, as: "command") { LoggedCommand(partition: $0.partition, position: $0.position, envelope: try $1.decodeEnvelope($2)) }
    }

    private mutating func readCommits(_ records: [LogRecord]) -> [LoggedCommit] {
        read(records, as: "commit") { LoggedCommit(partition: $0.partition, position: $0.position, commit: try $1.decodeCommit($2)) }
    }

    /// Those that can be read; of the others it says why not.
    private mutating func read<Logged>(
        _ records: [LogRecord], as name: String, _ decode: (LogRecord, WireCodec, UnsafeRawBufferPointer) throws -> Logged
    ) -> [Logged] {
        let codec = WireCodec()
        return records.compactMap { record in
            do {
                return try record.body.withUnsafeBytes { try decode(record, codec, $0) }
            } catch {
                unreadable.append("the \(name) at \(record.position) (\(record.name)): \(error)")
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

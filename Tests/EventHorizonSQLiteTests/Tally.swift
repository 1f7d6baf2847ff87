import EventHorizon
import EventHorizonSQLite

/// An aggregate's events, as small as they come.
enum Visit: EventSource {
    static let category = "tests.v1.Visit"
    enum Event: Message {
        case made
        enum CodingKeys: String, MessageName { case made = "tests.v1.VisitMade" }
    }
}

/// Counts visits: a row that is wrong as soon as an event is counted twice or not at all.
struct Tally: Projector {
    static let name = "tally"
    static let reads = Events(of: Visit.self)
    static let id = ProjectionID(Tally.self)

    func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute("CREATE TABLE tally (id TEXT PRIMARY KEY, visits INTEGER NOT NULL)")
    }

    func project(_ event: Recorded<Visit>, in db: borrowing SQLiteTransaction) throws {
        try db.execute("INSERT INTO tally VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET visits = visits + 1", event.aggregate)
    }
}

extension SQLite {
    func prepareTally() throws -> String? { try prepare(Tally.id) { db in try Tally().createSchema(in: db) } }

    /// Counts one visit, moving the checkpoint by one.
    func count(_ id: Visit.ID, partition: Int = 0, from position: UInt64?) throws {
        try write(Tally.id, moving: [.step(partition, from: position, to: (position ?? 0) + 1)]) { db in
            try Tally().project(Recorded(.made, of: id), in: db)
        }
    }

    func visits() throws -> Int { try snapshot(of: Tally.id) { db, _ in try db.row("SELECT coalesce(sum(visits), 0) FROM tally")![0] } }
}

extension CheckpointMove {
    static func step(_ partition: Int, from: UInt64?, to: UInt64, incarnation: UInt64 = 7) -> CheckpointMove {
        CheckpointMove(
            partition: partition, from: from.map { Checkpoint(incarnation: incarnation, position: Position($0)) },
            to: Checkpoint(incarnation: incarnation, position: Position(to)))
    }
}

struct Interrupted: Error, Equatable {}

/// A folder that is gone with its last reference; nothing is in it.
final class EmptyFolder {
    let path: String
    init() throws { path = try SQLite.temporary().folder }
    deinit { removeTree(path) }
}

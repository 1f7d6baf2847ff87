import EventHorizon
import EventHorizonSQLite
import Glibc
import Testing

@Suite struct Reading {
    private func receipt(_ position: UInt64, incarnation: UInt64 = 7, partition: Int = 0) -> Receipt {
        Receipt(versions: 1..<2, place: Place(log: .events, incarnation: incarnation, partition: partition, position: Position(position)))
    }

    @Test func a_snapshot_sees_rows_and_checkpoint_of_one_moment_while_a_writer_commits() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
        try store.snapshot(of: Tally.id) { db, checkpoints in
            #expect(checkpoints[0]?.position == Position(1))
            try store.count("athena", from: 1)
            #expect(try db.rows("SELECT visits FROM tally") == [[1]])
            #expect(try store.visits() == 2)
            #expect(try db.rows("SELECT position FROM eventhorizon_checkpoint") == [[1]])
        }
        #expect(try store.visits() == 2)
    }

    @Test func readers_of_another_process_see_what_is_committed() throws {
        let folder = try EmptyFolder()
        let writer = SQLite(folder: folder.path)
        _ = try writer.prepareTally()
        let reader = SQLite(folder: folder.path)
        for position in 0..<5 {
            try writer.count("athena", from: position == 0 ? nil : UInt64(position))
            #expect(try reader.visits() == position + 1)
        }
    }

    @Test func a_read_waits_until_the_checkpoint_covers_its_receipt() async throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        async let visits: Int = store.read(Tally.self, atLeast: receipt(3), within: .seconds(20)) { db in
            try db.row("SELECT visits FROM tally")![0]
        }
        for position in 0..<3 { try store.count("athena", from: position == 0 ? nil : UInt64(position)) }
        #expect(try await visits == 3)
    }

    @Test func a_read_gives_up_when_its_time_has_passed() async throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
        await #expect(throws: ReadModelError.behind(Tally.id, at: Position(1), wanted: Position(9), partition: 0)) {
            try await store.read(Tally.self, atLeast: receipt(9), within: .milliseconds(5)) { _ in }
        }
        await #expect(throws: ReadModelError.behind(Tally.id, at: .start, wanted: Position(1), partition: 4)) {
            try await store.read(Tally.self, atLeast: receipt(1, partition: 4), within: .milliseconds(5)) { _ in }
        }
    }

    @Test func a_read_model_of_another_log_says_so() async throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
        await #expect(throws: ReadModelError.otherLog(Tally.id)) {
            try await store.read(Tally.self, atLeast: receipt(1, incarnation: 8)) { _ in }
        }
    }

    @Test func reading_what_is_not_there_makes_no_file() throws {
        let folder = try EmptyFolder()
        let store = SQLite(folder: folder.path + "/deep")
        #expect(throws: ReadModelError.missing(Tally.id)) { try store.visits() }
        #expect(throws: ReadModelError.missing(Tally.id)) { try store.checkpoints(of: Tally.id) }
        #expect(throws: ReadModelError.missing(Tally.id)) { try store.count("athena", from: nil) }
        #expect(!exists(folder.path + "/deep"))
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
        #expect(try store.visits() == 1)
    }

    @Test func a_reader_cannot_write() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        let error = #expect(throws: SQLiteError.self) { try store.snapshot(of: Tally.id) { db, _ in try db.execute("DELETE FROM tally") } }
        #expect(error?.code == .readOnly)
        #expect(error?.description.contains("DELETE FROM tally") == true)
        #expect(error?.description.contains("a read model is written by its projector alone") == true)
    }

    @Test func a_file_made_anew_is_read_anew() throws {
        let folder = try EmptyFolder()
        let reader = SQLite(folder: folder.path)
        let first = SQLite(folder: folder.path)
        _ = try first.prepareTally()
        try first.count("athena", from: nil)
        #expect(try reader.visits() == 1)
        for name in names(in: folder.path) { remove("\(folder.path)/\(name)") }
        #expect(throws: ReadModelError.missing(Tally.id)) { try reader.visits() }
        _ = try SQLite(folder: folder.path).prepareTally()
        #expect(try reader.visits() == 0)
        let error = #expect(throws: SQLiteError.self) { try first.count("athena", from: 1) }
        #expect(error?.code == .fileReplaced)
    }
}

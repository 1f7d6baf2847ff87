import EventHorizon
import EventHorizonSQLite
import Glibc
import Testing

@Suite struct Transactions {
    @Test func rows_and_checkpoint_are_stored_together() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        #expect(try store.checkpoints(of: Tally.id) == [:])
        try store.count("athena", from: nil)
        try store.count("athena", from: 1)
        #expect(try store.visits() == 2)
        #expect(try store.checkpoints(of: Tally.id) == [0: Checkpoint(incarnation: 7, position: Position(2))])
    }

    @Test func neither_is_stored_when_the_closure_throws() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
        #expect(throws: Interrupted()) {
            try store.write(Tally.id, moving: [.step(0, from: 1, to: 2)]) { db in
                try Tally().project(Recorded(.made, of: "athena"), in: db)
                throw Interrupted()
            }
        }
        #expect(try store.visits() == 1)
        #expect(try store.checkpoints(of: Tally.id)[0]?.position == Position(1))
        try store.count("athena", from: 1)
    }

    @Test func a_checkpoint_that_is_elsewhere_leaves_the_rows_untouched() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
        func expectConflict(_ move: CheckpointMove, actual: Checkpoint?) {
            let conflict = CheckpointConflict(partition: move.partition, expected: move.from, actual: actual)
            #expect(throws: conflict) {
                try store.write(Tally.id, moving: [.step(5, from: nil, to: 1), move]) { _ in Issue.record("the closure ran after a conflict") }
            }
        }
        let actual = Checkpoint(incarnation: 7, position: Position(1))
        expectConflict(.step(0, from: nil, to: 1), actual: actual)
        expectConflict(.step(0, from: 0, to: 2), actual: actual)
        expectConflict(.step(0, from: 1, to: 2, incarnation: 8), actual: actual)
        expectConflict(.step(3, from: 1, to: 2), actual: nil)
        #expect(try store.visits() == 1)
        #expect(try store.checkpoints(of: Tally.id) == [0: actual])
    }

    @Test func positions_and_incarnations_keep_all_their_bits() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        let last = Checkpoint(incarnation: .max, position: Position(.max - 1))
        try store.write(Tally.id, moving: [CheckpointMove(partition: 2, from: nil, to: last)]) { _ in }
        try store.write(Tally.id, moving: [CheckpointMove(partition: 2, from: last, to: Checkpoint(incarnation: .max, position: Position(.max)))]) {
            _ in
        }
        #expect(try store.checkpoints(of: Tally.id) == [2: Checkpoint(incarnation: .max, position: Position(.max))])
    }

    @Test func of_two_members_on_one_partition_one_counts_each_event() async throws {
        let folder = try EmptyFolder()
        let members = [SQLite(folder: folder.path), SQLite(folder: folder.path)]
        for member in members { _ = try member.prepareTally() }
        for position in 0..<100 as Range<UInt64> {
            // Both believe that they own the partition and have read the same event.
            let stored = try await withThrowingTaskGroup(of: Bool.self) { group in
                for member in members {
                    group.addTask {
                        do {
                            try member.count("athena", from: position == 0 ? nil : position)
                            return true
                        } catch is CheckpointConflict { return false }
                    }
                }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(stored == 1)
        }
        #expect(try members[0].visits() == 100)
        #expect(try members[1].checkpoints(of: Tally.id)[0]?.position == Position(100))
    }

    @Test func members_on_their_own_partitions_share_the_file() async throws {
        let folder = try EmptyFolder()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for partition in 0..<2 {
                let store = SQLite(folder: folder.path)
                group.addTask {
                    _ = try store.prepareTally()
                    for position in 0..<100 { try store.count("athena", partition: partition, from: position == 0 ? nil : UInt64(position)) }
                }
            }
            try await group.waitForAll()
        }
        let store = SQLite(folder: folder.path)
        #expect(try store.visits() == 200)
        #expect(try store.checkpoints(of: Tally.id).mapValues(\.position.rawValue) == [0: 100, 1: 100])
    }

    @Test func a_process_killed_inside_its_transaction_leaves_what_was_committed() async throws {
        let folder = try EmptyFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = SQLite(folder: path)
            _ = try store.prepareTally()
            try store.count("athena", from: nil)
            try store.write(Tally.id, moving: [.step(0, from: 1, to: 2)]) { db in
                // More than the page cache holds, so that pages of the open transaction lie in the log already.
                for number in 0..<2_000 {
                    try db.execute("INSERT INTO tally VALUES (?, ?)", "\(number)" + String(repeating: "x", count: 2_000), number)
                }
                try Tally().project(Recorded(.made, of: "athena"), in: db)
                kill(getpid(), SIGKILL)
            }
        }
        let store = SQLite(folder: path)
        #expect(try store.visits() == 1)
        #expect(try store.checkpoints(of: Tally.id)[0]?.position == Position(1))
        try store.count("athena", from: 1)
        #expect(try store.visits() == 2)
    }

    @Test func a_process_killed_while_it_prepares_leaves_no_half_schema() async throws {
        let folder = try EmptyFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            _ = try SQLite(folder: path).prepare(Tally.id) { db in
                try Tally().createSchema(in: db)
                kill(getpid(), SIGKILL)
            }
        }
        let store = SQLite(folder: path)
        #expect(throws: ReadModelError.missing(Tally.id)) { try store.checkpoints(of: Tally.id) }
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
        #expect(try store.visits() == 1)
    }

    @Test func the_closure_is_the_transaction() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        for attempt in 0..<3 {
            let error = #expect(throws: SQLiteError.self) {
                try store.write(Tally.id, moving: [.step(0, from: nil, to: 1)]) { db in
                    switch attempt {
                    case 0: try db.execute("commit")
                    case 1: try db.execute("  ROLLBACK")
                    default: try db.execute("BEGIN")
                    }
                }
            }
            #expect(error?.code == .misuse)
        }
        #expect(try store.checkpoints(of: Tally.id) == [:])
    }

    @Test func an_error_that_the_closure_hides_after_sqlite_rolled_back_is_not_a_success() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        let error = #expect(throws: SQLiteError.self) {
            try store.write(Tally.id, moving: [.step(0, from: nil, to: 1)]) { db in
                try db.execute("INSERT INTO tally VALUES ('athena', 1)")
                _ = try? db.execute("INSERT OR ROLLBACK INTO tally VALUES ('athena', 1)")
                _ = try? db.execute("INSERT INTO tally VALUES ('hades', 1)")
            }
        }
        #expect(error?.code == .transactionEnded)
        #expect(try store.visits() == 0)
        #expect(try store.checkpoints(of: Tally.id) == [:])
    }
}

import EventHorizon
import EventHorizonSQLite
import Glibc
import Testing

@Suite struct Files {
    @Test func each_projection_and_version_has_a_file_of_its_own() throws {
        let folder = try EmptyFolder()
        let store = SQLite(folder: folder.path + "/read/models")
        for version in 1...2 {
            _ = try store.prepare(ProjectionID(name: "guests", version: version)) { try $0.execute("CREATE TABLE guest (id TEXT)") }
        }
        #expect(names(in: folder.path + "/read/models").filter { $0.hasSuffix(".sqlite") } == ["guests-v1.sqlite", "guests-v2.sqlite"])
    }

    @Test func a_file_keeps_its_identity_and_its_schema_is_made_once() throws {
        let folder = try EmptyFolder()
        let first = try #require(try SQLite(folder: folder.path).prepareTally())
        let store = SQLite(folder: folder.path)
        #expect(try store.prepareTally() == first)
        #expect(try store.prepare(Tally.id) { _ in Issue.record("the schema was made again") } == first)
        #expect(MessageID(first) != nil)
        let other = try #require(try SQLite(folder: folder.path + "/other").prepareTally())
        #expect(other != first)
    }

    @Test func members_that_prepare_at_once_agree_on_one_identity() async throws {
        let folder = try EmptyFolder()
        let identities = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<8 {
                let store = SQLite(folder: folder.path)
                group.addTask { try store.prepareTally() }
            }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(identities.count == 1)
    }

    @Test func a_schema_that_fails_leaves_nothing() throws {
        let store = try SQLite.temporary()
        #expect(throws: Interrupted()) {
            try store.prepare(Tally.id) { db in
                try Tally().createSchema(in: db)
                throw Interrupted()
            }
        }
        #expect(throws: ReadModelError.missing(Tally.id)) { try store.visits() }
        _ = try store.prepareTally()
        try store.count("athena", from: nil)
    }

    @Test func the_file_of_another_projection_is_refused() throws {
        let folder = try EmptyFolder()
        _ = try SQLite(folder: folder.path).prepareTally()
        #expect(rename("\(folder.path)/tally-v1.sqlite", "\(folder.path)/guests-v1.sqlite") == 0)
        let guests = ProjectionID(name: "guests", version: 1)
        let refusal = Misconfiguration(
            "\(folder.path)/guests-v1.sqlite is the file of projection 'tally-v1', not of 'guests-v1': move it away, it is made anew from the log")
        #expect(throws: refusal) { try SQLite(folder: folder.path).prepare(guests) { _ in } }
        #expect(throws: refusal) { try SQLite(folder: folder.path).checkpoints(of: guests) }
        #expect(throws: refusal) { try SQLite(folder: folder.path).write(guests, moving: []) { _ in } }
    }

    @Test func names_that_are_no_file_names_are_refused() throws {
        let folder = try EmptyFolder()
        let store = SQLite(folder: folder.path)
        for name in ["", ".", "..", ".hidden", "../up", "a/b", "a b", "é", "a\0b", String(repeating: "x", count: 300)] {
            let error = #expect(throws: Misconfiguration.self) { try store.prepare(ProjectionID(name: name, version: 1)) { _ in } }
            #expect(error?.description.contains("the projector's name '\(name)' cannot be a file's") == true)
        }
        #expect(names(in: folder.path) == [])
    }

    @Test func a_file_that_is_no_database_is_refused_with_its_path_and_a_remedy() throws {
        let folder = try EmptyFolder()
        #expect(mkdir(folder.path, 0o777) == 0)
        let path = "\(folder.path)/tally-v1.sqlite"
        write([UInt8](repeating: 65, count: 8_192), to: path)
        let error = #expect(throws: Misconfiguration.self) { try SQLite(folder: folder.path).prepareTally() }
        #expect(error?.description.hasPrefix("\(path): file is not a database") == true)
        #expect(error?.description.contains("move the file away and restart its projector") == true)
        let reading = #expect(throws: SQLiteError.self) { try SQLite(folder: folder.path).visits() }
        #expect(reading?.code == .notADatabase)
    }

    @Test func a_database_of_somebody_else_is_refused() throws {
        let folder = try EmptyFolder()
        _ = try SQLite(folder: folder.path).prepareTally()
        let store = SQLite(folder: folder.path)
        try store.write(Tally.id, moving: []) { db in
            try db.execute("DROP TABLE eventhorizon_store")
        }
        let error = #expect(throws: Misconfiguration.self) { try SQLite(folder: folder.path).prepareTally() }
        #expect(error?.description.contains("holds tables that are not of Event Horizon") == true)
    }

    @Test func a_file_of_a_newer_build_is_refused() throws {
        let folder = try EmptyFolder()
        let store = SQLite(folder: folder.path)
        _ = try store.prepareTally()
        try store.write(Tally.id, moving: []) { db in try db.execute("UPDATE eventhorizon_store SET schema_version = 1000") }
        let error = #expect(throws: Misconfiguration.self) { try SQLite(folder: folder.path).prepareTally() }
        #expect(error?.description.contains("has format 1000, this build knows 2: deploy a newer build") == true)
    }

    @Test func a_folder_that_cannot_be_made_is_told() throws {
        let folder = try EmptyFolder()
        write([1], to: folder.path)
        defer { unlink(folder.path) }
        let error = #expect(throws: Misconfiguration.self) { try SQLite(folder: folder.path + "/models").prepareTally() }
        #expect(error?.description.contains("'\(folder.path)/models' for read models cannot be made (Not a directory)") == true)
        let other = #expect(throws: Misconfiguration.self) { try SQLite(folder: folder.path).prepareTally() }
        #expect(other?.description.hasPrefix("\(folder.path)/tally-v1.sqlite: ") == true)
    }

    @Test func a_full_file_is_an_error_that_can_be_tried_again() throws {
        let store = try SQLite.temporary()
        _ = try store.prepareTally()
        let error = #expect(throws: SQLiteError.self) {
            try store.write(Tally.id, moving: [.step(0, from: nil, to: 1)]) { db in
                try db.execute("PRAGMA max_page_count = 1")
                for number in 0..<1_000 { try db.execute("INSERT INTO tally VALUES (?, 1)", "\(number)" + String(repeating: "x", count: 2_000)) }
            }
        }
        #expect(error?.code == .diskFull)
        #expect(error?.isRetriable == true)
        #expect(error?.description.contains("free space on the disk") == true)
        #expect(try store.checkpoints(of: Tally.id) == [:])
        try store.write(Tally.id, moving: []) { db in try db.execute("PRAGMA max_page_count = 1000000") }
        try store.count("athena", from: nil)
        #expect(try store.visits() == 1)
    }

    @Test func a_temporary_store_is_gone_with_its_last_reference() throws {
        var store: SQLite? = try SQLite.temporary()
        let folder = store!.folder
        _ = try store!.prepareTally()
        #expect(try store!.visits() == 0)
        #expect(exists(folder + "/tally-v1.sqlite"))
        store = nil
        #expect(!exists(folder))
    }
}

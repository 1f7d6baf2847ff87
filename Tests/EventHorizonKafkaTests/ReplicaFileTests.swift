#if Kafka
import EventHorizon
import EventHorizonWire
import Glibc
import ServerSupport
import Testing

@testable import EventHorizonKafka

@Suite struct ReplicaFileTests {
    private let codec = WireCodec()
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("replica-tests") }

    private func identity(incarnation: UInt64 = 7, categories: [String] = ["c"]) -> ReplicaFile.Identity {
        ReplicaFile.Identity(application: "shop", group: "commands/c", partition: 3, incarnation: incarnation, categories: categories)
    }

    private func add(_ number: Int, of aggregate: String, at offset: Int64, to file: ReplicaFile) throws -> StoredCommit {
        let id = MessageID(high: 1, low: UInt64(number))
        let place = Place(log: .commands, incarnation: 1, partition: 3, position: Position(UInt64(number)))
        let commit = Commit(
            stream: StreamID("c", aggregate), number: number, firstVersion: number,
            decided: [DecidedCommand(id: id, place: place, outcome: .accepted(versions: number..<number), correlation: id)], inputs: [place])
        try codec.encode(commit).withUnsafeBytes { try file.add($0, of: commit.stream, at: offset) }
        return StoredCommit(commit: commit, position: Position(UInt64(offset + 1)))
    }

    @Test func streams_are_read_as_they_were_added() throws {
        let file = try ReplicaFile.open(folder: folder.path, identity())
        defer { file.close() }
        let first = try add(1, of: "a", at: 4, to: file)
        _ = try add(1, of: "b", at: 5, to: file)
        let second = try add(2, of: "a", at: 9, to: file)
        let stream = StreamID("c", "a")
        #expect(try file.commits(of: stream, after: .start, codec: codec) == [first, second])
        #expect(try file.commits(of: stream, after: first.position, codec: codec) == [second])
        #expect(try file.first(of: stream, after: .start, codec: codec) == first)
        #expect(try file.last(of: stream, codec: codec) == second)
        #expect(try file.last(of: StreamID("other", "a"), codec: codec) == nil)
        #expect(file.next == 10)
    }

    @Test func a_file_goes_on_where_it_was_unless_it_is_of_something_else() throws {
        var file = try ReplicaFile.open(folder: folder.path, identity())
        let stored = try add(1, of: "a", at: 4, to: file)
        file.advance(to: 20)
        file.close()
        file = try ReplicaFile.open(folder: folder.path, identity())
        #expect(file.next == 20)
        #expect(try file.last(of: stored.commit.stream, codec: codec) == stored)
        file.close()
        for other in [identity(incarnation: 8), identity(categories: ["c", "d"])] {
            file = try ReplicaFile.open(folder: folder.path, other)
            #expect(file.next == 0)
            #expect(try file.last(of: stored.commit.stream, codec: codec) == nil)
            file.close()
        }
    }

    @Test func a_file_that_somebody_has_open_is_left_to_them() throws {
        let one = try ReplicaFile.open(folder: folder.path, identity())
        let two = try ReplicaFile.open(folder: folder.path, identity())
        #expect(one.path != two.path)
        _ = try add(1, of: "a", at: 1, to: one)
        _ = try add(1, of: "a", at: 1, to: two)
        one.close()
        two.close()
    }

    @Test func a_broken_file_is_made_anew() throws {
        let file = try ReplicaFile.open(folder: folder.path, identity())
        let path = file.path
        file.advance(to: 5)
        file.close()
        let broken = try #require(fopen(path, "w"))
        fputs(String(repeating: "this is no database ", count: 1_000), broken)
        fclose(broken)
        let again = try ReplicaFile.open(folder: folder.path, identity())
        #expect(again.path == path && again.next == 0)
        again.close()
    }

    @Test func a_folder_that_cannot_be_made_is_named() {
        let failure = #expect(throws: ReplicaFile.Failure.self) { try ReplicaFile.open(folder: "/proc/nowhere", identity()) }
        #expect(failure?.description.contains("/proc/nowhere") == true)
    }
}
#endif

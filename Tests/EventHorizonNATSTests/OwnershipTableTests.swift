#if NATS
import EventHorizon
import EventHorizonWire
import Testing

@testable import EventHorizonNATS

/// A bucket and the members that write to it, in one thread and without time: what one stores, all see in order.
private struct Bucket {
    var records: [Int: (record: OwnershipRecord, revision: UInt64)] = [:]
    var revision: UInt64 = 0
    var tables: [String: OwnershipTable] = [:]
    var held: [String: Set<Int>] = [:]
    var unclean: Set<Int> = []
    var now: UInt64 = 0
    /// Members that neither write nor see anything.
    var frozen: Set<String> = []
    /// Members that give up what is revoked at once.
    var releasesAtOnce = true

    static let lease: UInt64 = 5_000_000_000

    mutating func join(_ member: String, partitions: Int = 8, startsAtEnd: Bool = false) {
        tables[member] = OwnershipTable(member: member, partitionCount: partitions, incarnation: 7, startsAtEnd: startsAtEnd, lease: Self.lease)
        held[member] = []
        for (partition, entry) in records {
            perform(tables[member]!.observed(partition: partition, record: entry.record, revision: entry.revision), of: member)
        }
        tick()
    }

    /// Every member that is not frozen writes its presence, and all see it.
    mutating func tick(_ elapsed: UInt64 = 1_000_000_000) {
        now += elapsed
        for member in tables.keys.sorted() where !frozen.contains(member) {
            revision += 1
            for other in tables.keys.sorted() where !frozen.contains(other) {
                perform(tables[other]!.observed(presence: member, revision: revision, isPresent: true), of: other)
            }
            perform(tables[member]!.echoed(at: now), of: member)
        }
        for member in tables.keys.sorted() where !frozen.contains(member) { perform(tables[member]!.due(at: now), of: member) }
    }

    mutating func leave(_ member: String) {
        tables[member]!.leave()
        perform(tables[member]!.due(at: now), of: member)
        #expect(tables[member]!.isEmpty)
        tables[member] = nil
        held[member] = nil
        revision += 1
        for other in tables.keys.sorted() { perform(tables[other]!.observed(presence: member, revision: revision, isPresent: false), of: other) }
    }

    mutating func perform(_ actions: [OwnershipTable.Action], of member: String) {
        for action in actions {
            switch action {
            case .write(let partition, let record, let previous):
                let current = records[partition]
                guard (current?.revision ?? 0) == previous else {
                    perform(
                        tables[member]!.refused(partition: partition, record, record: current?.record, revision: current?.revision ?? 0), of: member)
                    continue
                }
                revision += 1
                let stored = revision
                records[partition] = (record, stored)
                perform(tables[member]!.written(partition: partition, record, revision: stored), of: member)
                for other in tables.keys.sorted() where !frozen.contains(other) {
                    perform(tables[other]!.observed(partition: partition, record: record, revision: stored), of: other)
                }
            case .measure(let partition): perform(tables[member]!.measured(partition: partition, end: Position(42)), of: member)
            case .claimed(let partition, _, _, let isUnclean, _):
                held[member]!.insert(partition)
                if isUnclean { unclean.insert(partition) }
            case .revoked(let partition):
                guard releasesAtOnce else { continue }
                held[member]!.remove(partition)
                tables[member]!.release(partition: partition, epoch: nil)
                perform(tables[member]!.due(at: now), of: member)
            case .lost(let partition): held[member]!.remove(partition)
            case .released, .unreadable, .tried: break
            }
        }
    }

    var counts: [Int] { held.values.map(\.count).sorted() }
    /// Every partition has at most one owner.
    var isDisjoint: Bool { held.values.reduce(0) { $0 + $1.count } == held.values.reduce(Set()) { $0.union($1) }.count }
}

struct OwnershipTableTests {
    @Test func members_share_the_partitions() {
        var bucket = Bucket()
        bucket.join("a")
        #expect(bucket.counts == [8])
        bucket.join("b")
        #expect(bucket.counts == [4, 4])
        bucket.join("c")
        #expect(bucket.counts == [2, 3, 3])
        #expect(bucket.isDisjoint)
        bucket.leave("a")
        #expect(bucket.counts == [4, 4])
        #expect(bucket.isDisjoint)
    }

    @Test(arguments: 1...12, 1...12)
    func quotas_cover_all_partitions(_ members: Int, _ partitions: Int) {
        let quotas = (0..<members).map { OwnershipTable.quota(rank: $0, members: members, partitions: partitions) }
        #expect(quotas.reduce(0, +) == partitions)
        #expect(quotas.max()! - quotas.min()! <= 1)
    }

    @Test func a_silent_owner_loses_its_partitions_after_the_lease_and_not_before() {
        var bucket = Bucket()
        bucket.join("a")
        bucket.join("b")
        let kept = bucket.held["a"]!
        bucket.frozen = ["a"]
        for _ in 0..<4 { bucket.tick() }
        #expect(bucket.held["b"]!.count == 4)
        for _ in 0..<3 { bucket.tick() }
        #expect(bucket.held["b"]!.count == 8)
        #expect(bucket.unclean == kept)
        // The owner wakes, and its late writes fail.
        bucket.held["a"] = kept
        bucket.frozen = []
        for partition in kept { bucket.tables["a"]!.progress(partition: partition, epoch: 1, to: Position(99)) }
        bucket.perform(bucket.tables["a"]!.due(at: bucket.now), of: "a")
        #expect(bucket.isDisjoint)
        for (_, entry) in bucket.records where entry.record.owner == "b" { #expect(entry.record.progress < Position(99)) }
    }

    @Test func time_without_reads_counts_for_nothing() {
        var bucket = Bucket()
        bucket.join("a")
        bucket.join("b")
        bucket.frozen = ["a"]
        for _ in 0..<50 {
            bucket.tables["b"]!.interrupted()
            bucket.tick()
        }
        #expect(bucket.held["b"]!.count == 4)
        // One long wait between two reads counts as half a lease at most.
        bucket.tick(Bucket.lease * 100)
        #expect(bucket.held["b"]!.count == 4)
    }

    @Test func progress_is_written_by_a_chain_of_revisions_and_taken_over() {
        var bucket = Bucket()
        bucket.join("a", partitions: 1)
        bucket.tables["a"]!.progress(partition: 0, epoch: 1, to: Position(5))
        bucket.tick(200_000_000)
        #expect(bucket.records[0]!.record.progress == Position(5))
        // Never backwards, and not by a session that has ended.
        bucket.tables["a"]!.progress(partition: 0, epoch: 1, to: Position(3))
        bucket.tables["a"]!.progress(partition: 0, epoch: 2, to: Position(9))
        bucket.tick(200_000_000)
        #expect(bucket.records[0]!.record.progress == Position(5))
        bucket.tables["a"]!.progress(partition: 0, epoch: 1, to: Position(8))
        bucket.tables["a"]!.release(partition: 0, epoch: 1)
        bucket.perform(bucket.tables["a"]!.due(at: bucket.now), of: "a")
        #expect(bucket.records[0]!.record.owner.isEmpty)
        #expect(bucket.records[0]!.record.progress == Position(8))
    }

    @Test func what_a_member_gave_up_by_itself_it_does_not_take_again_at_once() {
        var bucket = Bucket()
        bucket.join("a", partitions: 1)
        bucket.tables["a"]!.release(partition: 0, epoch: 1)
        bucket.held["a"] = []
        bucket.tick()
        bucket.tick()
        #expect(bucket.held["a"]!.isEmpty)
        for _ in 0..<6 { bucket.tick() }
        #expect(bucket.held["a"] == [0])
    }

    @Test func what_was_held_when_its_member_left_is_free_at_once_and_unclean() {
        var bucket = Bucket()
        bucket.join("a")
        bucket.join("b")
        let kept = bucket.held["a"]!
        bucket.leave("a")
        #expect(bucket.held["b"]!.count == 8)
        #expect(bucket.unclean == kept)
    }

    @Test func a_write_whose_answer_was_lost_is_known_by_its_record() {
        var table = OwnershipTable(member: "a", partitionCount: 1, incarnation: 7, startsAtEnd: false, lease: Bucket.lease)
        _ = table.observed(presence: "a", revision: 1, isPresent: true)
        guard case .write(0, let record, previous: 0)? = table.echoed(at: 1).first else { Issue.record("no claim"); return }
        #expect(
            { table.refused(partition: 0, record, record: record, revision: 2) }() == [
                .claimed(partition: 0, epoch: 1, progress: .start, isUnclean: false)
            ])
        // Another's record instead: the session is lost.
        guard case .write(0, let renewal, previous: 2)? = table.due(at: Bucket.lease).first else { Issue.record("no renewal"); return }
        let other = OwnershipRecord(owner: "b", epoch: 2, progress: .start, incarnation: 7)
        // The answer to an earlier write says nothing about this one.
        #expect({ table.refused(partition: 0, record, record: other, revision: 3) }() == [])
        #expect({ table.written(partition: 0, record, revision: 3) }() == [])
        #expect({ table.refused(partition: 0, renewal, record: other, revision: 3) }() == [.lost(partition: 0)])
    }

    /// A member "a" of one partition that has read its own presence.
    private func table() -> OwnershipTable {
        var table = OwnershipTable(member: "a", partitionCount: 1, incarnation: 7, startsAtEnd: false, lease: Bucket.lease)
        _ = table.observed(presence: "a", revision: 1, isPresent: true)
        return table
    }

    /// Lets time pass in steps of a second, between reads that work, and gives what the table does then.
    private func pass(_ seconds: UInt64, from now: inout UInt64, _ table: inout OwnershipTable) -> [OwnershipTable.Action] {
        var actions: [OwnershipTable.Action] = []
        for second in 1...seconds {
            actions += table.observed(presence: "a", revision: 1000 + now + second, isPresent: true)
            actions += table.echoed(at: now + second * 1_000_000_000)
        }
        now += seconds * 1_000_000_000
        return actions
    }

    @Test func a_record_that_can_no_longer_be_read_is_claimed_after_the_lease_and_from_its_last_progress() {
        var table = table()
        var now: UInt64 = 1
        _ = table.observed(partition: 0, record: OwnershipRecord(owner: "", epoch: 4, progress: Position(50), incarnation: 7), revision: 2)
        _ = table.observed(partition: 0, record: nil, revision: 3)
        #expect(pass(4, from: &now, &table).isEmpty)
        let actions = pass(3, from: &now, &table)
        guard case .write(0, let record, previous: 3)? = actions.first else { Issue.record("no claim: \(actions)"); return }
        #expect(record.epoch == 5 && record.progress == Position(50) && record.owner == "a")
        #expect({ table.written(partition: 0, record, revision: 4) }() == [.claimed(partition: 0, epoch: 5, progress: Position(50), isUnclean: true)])
    }

    @Test func the_owner_of_a_record_that_was_destroyed_loses_it_and_goes_on_where_it_was() {
        var table = table()
        var now: UInt64 = 1
        guard case .write(0, let claim, previous: 0)? = table.echoed(at: now).first else { Issue.record("no claim"); return }
        _ = table.written(partition: 0, claim, revision: 2)
        table.progress(partition: 0, epoch: 1, to: Position(9))
        guard case .write(0, let progress, previous: 2)? = table.due(at: 1_000_000_000).first else { Issue.record("no progress"); return }
        _ = table.written(partition: 0, progress, revision: 3)
        #expect({ table.observed(partition: 0, record: nil, revision: 4) }() == [.lost(partition: 0)])
        guard case .write(0, let next, previous: 4)? = pass(7, from: &now, &table).first else { Issue.record("not claimed again"); return }
        #expect(next.epoch == 2 && next.progress == Position(9))
    }

    @Test func a_record_that_could_never_be_read_is_not_claimed_and_told_once() {
        var table = table()
        var now: UInt64 = 1
        _ = table.observed(partition: 0, record: nil, revision: 3)
        #expect(pass(30, from: &now, &table) == [.unreadable(partition: 0)])
        // Somebody has mended it.
        let mended = OwnershipRecord(owner: "", epoch: 4, progress: Position(50), incarnation: 7)
        guard case .write(0, let record, previous: 4)? = table.observed(partition: 0, record: mended, revision: 4).first else {
            Issue.record("no claim"); return
        }
        #expect(record.epoch == 5 && record.progress == Position(50))
    }

    @Test func what_was_left_uncleanly_stays_so_if_its_claim_is_given_up_unheard() {
        var table = table()
        var now: UInt64 = 1
        _ = table.observed(partition: 0, record: OwnershipRecord(owner: "!b", epoch: 4, progress: Position(50), incarnation: 7), revision: 2)
        guard case .write(0, let claim, previous: 2)? = pass(1, from: &now, &table).first else { Issue.record("no claim"); return }
        _ = table.written(partition: 0, claim, revision: 3)
        table.release(partition: 0, epoch: nil)
        guard case .write(0, let left, previous: 3)? = table.due(at: now).first else { Issue.record("no release"); return }
        #expect(left.owner.hasPrefix(OwnershipTable.abandoned))
    }

    @Test func what_is_tried_is_recorded_at_once_and_ends_with_progress_or_a_release() {
        let tried = Attempt(position: Position(52), number: 2)
        func claimed() -> OwnershipTable {
            var table = table()
            var now: UInt64 = 1
            let left = OwnershipRecord(
                owner: "!b", epoch: 4, progress: Position(50), incarnation: 7, trying: Position(52), attempts: 1)
            _ = table.observed(partition: 0, record: left, revision: 2)
            guard case .write(0, let claim, previous: 2)? = pass(1, from: &now, &table).first else { Issue.record("no claim"); return table }
            let before = Attempt(position: Position(52), number: 1)
            #expect(
                { table.written(partition: 0, claim, revision: 3) }() == [
                    .claimed(partition: 0, epoch: 5, progress: Position(50), isUnclean: true, trying: before)
                ])
            table.progress(partition: 0, epoch: 5, to: Position(51))
            table.attempt(tried, partition: 0, epoch: 5, token: 9)
            #expect(table.nextDue() == 0)
            guard case .write(0, let record, previous: 3)? = table.due(at: 1).first else { Issue.record("no write"); return table }
            #expect(record.progress == Position(51) && record.attempt == tried)
            #expect(
                { table.written(partition: 0, record, revision: 4) }() == [.tried(partition: 0, epoch: 5, token: 9, position: Position(52))])
            return table
        }
        func next(_ table: inout OwnershipTable) -> OwnershipRecord? {
            guard case .write(0, let record, previous: 4)? = table.due(at: 10_000_000_000).first else { return nil }
            return record
        }
        var renewed = claimed()
        #expect(next(&renewed)?.attempt == tried)
        var passed = claimed()
        passed.progress(partition: 0, epoch: 5, to: Position(52))
        #expect(next(&passed)?.trying == nil)
        var released = claimed()
        released.release(partition: 0, epoch: 5)
        #expect(next(&released)?.trying == nil)
        var abandoned = claimed()
        abandoned.leave()
        #expect(next(&abandoned)?.attempt == tried)
    }

    @Test func a_group_that_starts_at_the_end_records_where_that_is() {
        var bucket = Bucket()
        bucket.join("a", startsAtEnd: true)
        #expect(bucket.records.values.allSatisfy { $0.record.progress == Position(42) })
        #expect(bucket.records.count == 8)
    }

    @Test func progress_in_another_incarnation_of_the_log_counts_for_nothing() {
        var bucket = Bucket()
        bucket.records[0] = (OwnershipRecord(owner: "", epoch: 4, progress: Position(50), incarnation: 6), 1)
        bucket.revision = 1
        bucket.join("a", partitions: 1)
        #expect(bucket.records[0]!.record.progress == .start)
        #expect(bucket.records[0]!.record.epoch == 5)
    }
}
#endif

#if NATS
import EventHorizon
import EventHorizonWire
import Testing

@testable import EventHorizonNATS

/// Members that come and go faster than a lease runs out.
struct OwnershipChurnTests {
    private static let second: UInt64 = 1_000_000_000
    private static let record = OwnershipRecord(owner: "dead", epoch: 3, progress: Position(40), incarnation: 7, beat: 9)

    private func table(_ member: String) -> OwnershipTable {
        OwnershipTable(member: member, partitionCount: 2, incarnation: 7, startsAtEnd: false, lease: 2 * Self.second)
    }

    @Test func a_member_that_has_enough_says_of_an_expired_partition_that_it_is_free() {
        var old = table("a")
        var revision: UInt64 = 10
        func tick(_ seconds: UInt64, with others: [String]) -> [OwnershipTable.Action] {
            var actions: [OwnershipTable.Action] = []
            for id in ["a"] + others {
                revision += 1
                actions += old.observed(presence: id, revision: revision, isPresent: true)
            }
            return actions + old.echoed(at: seconds * Self.second)
        }
        _ = old.observed(partition: 1, record: Self.record, revision: 5)
        // Two members, two partitions: one is ours, and the other member is always a new one, which cannot know yet whose lease has run out.
        var actions = tick(1, with: ["b1"])
        #expect(actions.contains { if case .write(0, let record, 0) = $0 { record.owner == "a" } else { false } })
        let own = OwnershipRecord(owner: "a", epoch: 1, progress: .start, incarnation: 7, beat: 1)
        #expect(old.written(partition: 0, own, revision: 6).contains { if case .claimed(0, _, _, _, _) = $0 { true } else { false } })
        var expected = Self.record
        expected.owner = OwnershipTable.abandoned + "dead"
        expected.beat = 10
        actions = []
        for second in UInt64(2)...5 where actions.isEmpty { actions = tick(second, with: ["b\(second)"]).filter { $0 != .revoked(partition: 0) } }
        #expect(actions == [.write(partition: 1, record: expected, previous: 5)])
        #expect(old.written(partition: 1, expected, revision: 30) == [])
        #expect(old.heldCount == 1)

        // Who has just come takes it at once, from where the dead one was, and knows that it was left uncleanly.
        var new = table("b9")
        _ = new.observed(partition: 0, record: OwnershipRecord(owner: "a", epoch: 1, progress: .start, incarnation: 7), revision: 6)
        _ = new.observed(partition: 1, record: expected, revision: 30)
        _ = new.observed(presence: "a", revision: 31, isPresent: true)
        _ = new.observed(presence: "b9", revision: 32, isPresent: true)
        let claim = new.echoed(at: 0)
        let claimed = OwnershipRecord(owner: "b9", epoch: 4, progress: Position(40), incarnation: 7, beat: 11)
        #expect(claim == [.write(partition: 1, record: claimed, previous: 30)])
        #expect(new.written(partition: 1, claimed, revision: 33) == [.claimed(partition: 1, epoch: 4, progress: Position(40), isUnclean: true)])
    }

    @Test func an_owner_that_renewed_meanwhile_is_left_alone() {
        var old = table("a")
        _ = old.observed(partition: 0, record: OwnershipRecord(owner: "a0", epoch: 1, progress: .start, incarnation: 7), revision: 4)
        _ = old.observed(partition: 1, record: Self.record, revision: 5)
        var revision: UInt64 = 10
        for second in UInt64(1)...6 {
            revision += 1
            var renewed = Self.record
            renewed.beat = 10 + second
            var actions = old.observed(partition: 1, record: renewed, revision: revision)
            renewed.owner = "a0"
            actions += old.observed(partition: 0, record: renewed, revision: revision)
            for id in ["a", "dead"] {
                revision += 1
                actions += old.observed(presence: id, revision: revision, isPresent: true)
            }
            actions += old.echoed(at: second * Self.second)
            #expect(actions == [])
        }
    }
}
#endif

#if NATS
import EventHorizon
import Testing

@testable import EventHorizonNATS

struct TrimmerTests {
    @Test func what_is_settled_is_removed_in_slices_with_rests_between() {
        var trimmer = Trimmer(categories: 1)
        #expect({ trimmer.next(at: 0) }() == nil)
        trimmer.settled(partition: 3, position: Position(250))
        var now: UInt64 = 0
        var first: UInt64 = 1
        var slices: [UInt64] = []
        while first <= 250 {
            guard trimmer.next(at: now) == .find(partition: 3, category: 0) else { Issue.record("nothing to find"); return }
            guard case .purge(3, 0, let before)? = trimmer.found(first, at: now) else { Issue.record("nothing to purge"); return }
            slices.append(before - first)
            // A purge of a second is followed by nineteen seconds of rest.
            trimmer.purged(before - first, at: now + 1_000_000_000)
            #expect({ trimmer.next(at: now + 19_000_000_000) }() == nil)
            now += 20_000_000_000
            first = before
        }
        #expect(slices == [100, 100, 50])
        #expect({ trimmer.next(at: now) }() == .find(partition: 3, category: 0))
        #expect({ trimmer.found(nil, at: now) }() == nil)
        #expect({ trimmer.next(at: now + 1_000_000_000) }() == nil)
        #expect(trimmer.nextDue == nil)
    }

    @Test func a_letter_that_refers_to_the_very_beginning_keeps_everything() {
        var trimmer = Trimmer(categories: 1)
        trimmer.keep(partition: 0, from: Position(0))
        trimmer.settled(partition: 0, position: Position(100))
        #expect({ trimmer.next(at: 0) }() == nil)
    }

    @Test func a_letter_that_only_refers_stops_the_trimming() {
        var trimmer = Trimmer(categories: 1)
        trimmer.keep(partition: 0, from: Position(10))
        trimmer.keep(partition: 0, from: Position(20))
        trimmer.settled(partition: 0, position: Position(100))
        _ = trimmer.next(at: 0)
        #expect({ trimmer.found(1, at: 0) }() == .purge(partition: 0, category: 0, before: 10))
        trimmer.purged(9, at: 0)
        _ = trimmer.next(at: 1_000_000_000)
        #expect({ trimmer.found(10, at: 1_000_000_000) }() == nil)
    }

    @Test func a_lost_partition_is_left_alone() {
        var trimmer = Trimmer(categories: 2)
        trimmer.settled(partition: 0, position: Position(10))
        trimmer.forget(partition: 0)
        #expect({ trimmer.next(at: 0) }() != .purge(partition: 0, category: 0, before: 11))
        #expect({ trimmer.found(1, at: 0) }() == nil)
    }
}
#endif

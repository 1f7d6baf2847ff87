import EventHorizon
import Testing

@testable import EventHorizonWorkers

/// What is held back is tried again when it is released, whatever was under way for it just then.
@Suite struct BacklogTests {
    private let stream = StreamID(Category(Account.category), "ada")
    private let now = Instant(nanoseconds: 1_000)

    private func backlog(_ phase: HeldBack.Phase) -> Backlog {
        var backlog = Backlog()
        backlog.held[stream] = HeldBack(phase: phase)
        return backlog
    }

    @Test func a_stream_that_waits_is_tried_again_at_once() {
        var backlog = backlog(.waits(until: nil))
        #expect(backlog.nextHeld == nil)
        backlog.release(stream, now: now)
        #expect(backlog.nextHeld == now)
    }

    @Test(arguments: [HeldBack.Phase.isRead, .isLettered, .isMarked])
    func a_stream_that_is_busy_is_tried_again_afterwards(_ phase: HeldBack.Phase) {
        var backlog = backlog(phase)
        backlog.release(stream, now: now)
        #expect(backlog.nextHeld == nil)
        backlog.held[stream]?.wait(until: nil, now: now)
        #expect(backlog.nextHeld == now)
    }

    @Test func without_a_release_it_waits_as_it_is_told() {
        var backlog = backlog(.isLettered)
        backlog.held[stream]?.wait(until: nil, now: now)
        #expect(backlog.nextHeld == nil)
    }

    @Test func another_stream_is_not_touched() {
        var backlog = backlog(.waits(until: nil))
        backlog.release(StreamID(Category(Account.category), "bob"), now: now)
        #expect(backlog.nextHeld == nil && backlog.held.count == 1)
    }
}

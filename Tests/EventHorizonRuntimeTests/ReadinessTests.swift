import EventHorizon
import EventHorizonWorkers
import Testing

@testable import EventHorizonRuntime

@Suite struct ReadinessTests {
    var readiness = Readiness()

    func after(_ signals: Signal...) -> Readiness {
        var readiness = readiness
        for signal in signals { readiness.receive(signal) }
        return readiness
    }

    let started = Signal.started(group: "invitations", member: "m1")
    let claimed = Signal.partitionClaimed(group: "invitations", partition: 3, progress: .start, unclean: false)

    @Test func a_process_is_not_ready_before_a_group_has_started() {
        #expect(!after().isReady)
        #expect(after().lines == ["not ready: no group has started"])
        #expect(after(started).isReady)
        #expect(after(started).lines == ["ready", "invitations: ready"])
    }

    @Test func one_group_that_is_not_ready_is_enough() {
        let both = after(started, .brokerLost(group: "seating", reason: "connection refused"))
        #expect(!both.isReady)
        #expect(both.lines == ["not ready", "invitations: ready", "seating: broker lost: connection refused; not started"])
    }

    @Test func a_lost_broker_turns_readiness_off_until_it_is_back() {
        let lost = Signal.brokerLost(group: "invitations", reason: "connection\nrefused")
        #expect(after(started, lost).lines == ["not ready", "invitations: broker lost: connection refused"])
        #expect(after(started, lost, .brokerRestored(group: "invitations")).isReady)
    }

    @Test func a_stalled_partition_turns_readiness_off_until_it_moves_or_goes() {
        let stalled = Signal.progressStalled(group: "invitations", partition: 3, since: .seconds(7))
        #expect(after(started, stalled).lines == ["not ready", "invitations: no progress on partition 3 for 7.0 seconds"])
        #expect(!after(started, stalled, .progressResumed(group: "invitations", partition: 4)).isReady)
        #expect(after(started, stalled, .progressResumed(group: "invitations", partition: 3)).isReady)
        #expect(after(started, stalled, .partitionReleased(group: "invitations", partition: 3)).isReady)
        #expect(after(started, stalled, .partitionLost(group: "invitations", partition: 3)).isReady)
    }

    @Test func a_partition_from_the_future_keeps_readiness_off_when_it_is_released_and_nobody_reads_it() {
        let future = Signal.futureMet(group: "invitations", partition: 3, reason: "schema 2 of guestlist.v1.InviteCreated")
        let released = Signal.partitionReleased(group: "invitations", partition: 3)
        #expect(
            after(started, future).lines
                == ["not ready", "invitations: partition 3 waits for a newer build: schema 2 of guestlist.v1.InviteCreated"])
        #expect(!after(started, future, released).isReady)
        #expect(after(started, future, released, claimed).isReady)
        #expect(!after(started, future, released, claimed, future).isReady)
    }

    @Test func draining_is_not_ready() {
        #expect(after(started, .draining(group: "invitations")).lines == ["not ready", "invitations: draining"])
        #expect(after(started, .draining(group: "invitations"), .drained(group: "invitations")).lines == ["not ready", "invitations: drained"])
        var asked = after(started)
        asked.drain()
        #expect(!asked.isReady)
        #expect(asked.lines == ["not ready: draining", "invitations: ready"])
    }
}

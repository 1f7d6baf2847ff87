import Testing

@testable import eventhorizon_faults

struct ProgressAccountTests {
    private let lane = Lane(group: .commandHandler, partition: 3)
    private var account = ProgressAccount(lease: .seconds(2))

    /// Two handlers that have long served; the first holds the lane, in which something waits from 10 s on.
    init() {
        account.serves("command-handler-1", .commandHandler, at: .zero)
        account.serves("command-handler-2", .commandHandler, at: .zero)
        account.claims(lane, "command-handler-1")
        account.update(lane, hasWork: true, settled: false, at: .seconds(10))
    }

    @Test func a_lane_with_work_stands_still_from_its_first_work_on() {
        var account = account
        account.look(at: .seconds(13))
        #expect(account.longest == .init(duration: .seconds(3), lane: lane, until: .seconds(13)))
        #expect(account.longestByKind == [nil: .init(duration: .seconds(3), lane: lane, until: .seconds(13))])
    }

    @Test func what_is_settled_begins_anew() {
        var account = account
        account.update(lane, hasWork: true, settled: true, at: .seconds(13))
        account.look(at: .seconds(14))
        #expect(account.longest.duration == .seconds(3))
        account.look(at: .seconds(17))
        #expect(account.longest.duration == .seconds(4))
    }

    @Test func a_lane_without_work_does_not_stand_still() {
        var account = account
        account.update(lane, hasWork: false, settled: true, at: .seconds(11))
        account.look(at: .seconds(60))
        #expect(account.longest.duration == .seconds(1))
        #expect(account.watched == .seconds(1))
    }

    @Test func a_server_that_is_away_excuses_every_lane() {
        var account = account
        let fault = account.begin(.server, .everything, isSilent: true, at: .seconds(11))
        account.end(fault, at: .seconds(30))
        account.look(at: .seconds(32))
        #expect(account.longest.duration == .seconds(2))
        #expect(account.longestByKind[.server]?.duration == .seconds(22))
        #expect(account.watched == .seconds(22))
        #expect(account.unexcused == .seconds(3))
    }

    @Test func a_dead_owner_excuses_its_lane_for_a_lease() {
        var account = account
        account.end(account.begin(.kill, .worker("command-handler-1"), isSilent: true, at: .seconds(11)), at: .seconds(11))
        account.look(at: .milliseconds(12_999))
        account.look(at: .seconds(20))
        #expect(account.longest.duration == .milliseconds(7_001))
        #expect(account.longestByKind[.kill]?.duration == .seconds(10))
    }

    @Test func a_stopped_owner_excuses_its_lane_no_longer_than_a_dead_one() {
        var account = account
        _ = account.begin(.stop, .worker("command-handler-1"), isSilent: true, at: .seconds(10))
        account.look(at: .milliseconds(11_999))
        account.look(at: .seconds(20))
        #expect(account.longest.duration == .milliseconds(8_001))
    }

    @Test func what_happens_to_another_worker_excuses_nothing() {
        var account = account
        account.end(account.begin(.kill, .worker("command-handler-2"), isSilent: true, at: .seconds(11)), at: .seconds(11))
        account.look(at: .seconds(13))
        #expect(account.longest.duration == .seconds(3))
        #expect(account.longestByKind[.kill] == nil)
    }

    @Test func a_lane_that_nobody_holds_waits_for_the_dead_of_its_kind() {
        var account = account
        account.leaves(lane, "command-handler-2")
        account.serves("saga-1", .saga, at: .seconds(10))
        account.end(account.begin(.kill, .worker("saga-1"), isSilent: true, at: .seconds(10)), at: .seconds(10))
        account.end(account.begin(.kill, .worker("command-handler-2"), isSilent: true, at: .seconds(11)), at: .seconds(11))
        account.look(at: .milliseconds(12_999))
        #expect(account.longest.duration == .milliseconds(2_999))
        account.leaves(lane, "command-handler-1")
        account.end(account.begin(.kill, .worker("command-handler-2"), isSilent: true, at: .seconds(13)), at: .seconds(13))
        account.look(at: .milliseconds(14_999))
        #expect(account.longest.duration == .seconds(3))
    }

    @Test func a_slow_owner_excuses_its_lane_for_as_long_as_it_is_slow() {
        var account = account
        let fault = account.begin(.network, .worker("command-handler-1"), isSilent: false, at: .seconds(10))
        account.end(fault, at: .seconds(16))
        account.look(at: .seconds(17))
        #expect(account.longest.duration == .seconds(1))
    }

    @Test func a_lane_is_excused_while_no_worker_of_its_kind_serves() {
        var account = account
        account.servesNoMore("command-handler-1", at: .seconds(10))
        account.servesNoMore("command-handler-2", at: .seconds(10))
        account.serves("saga-1", .saga, at: .seconds(10))
        account.serves("command-handler-1", .commandHandler, at: .seconds(20))
        account.look(at: .seconds(22))
        #expect(account.longest.duration == .zero)
        account.look(at: .seconds(23))
        #expect(account.longest.duration == .seconds(1))
    }

    @Test func a_lease_that_ran_while_the_server_was_away_runs_again() {
        var account = account
        account.end(account.begin(.kill, .worker("command-handler-1"), isSilent: true, at: .seconds(10)), at: .seconds(10))
        let server = account.begin(.server, .everything, isSilent: true, at: .seconds(11))
        account.end(server, at: .milliseconds(11_500))
        account.look(at: .seconds(13))
        #expect(account.longest.duration == .zero)
        account.look(at: .milliseconds(13_500))
        account.look(at: .seconds(15))
        #expect(account.longest.duration == .seconds(2))
    }

    @Test func however_long_the_server_was_away() {
        var account = account
        account.end(account.begin(.kill, .worker("command-handler-1"), isSilent: true, at: .seconds(10)), at: .seconds(10))
        let server = account.begin(.server, .everything, isSilent: true, at: .seconds(11))
        account.look(at: .seconds(20))
        account.end(server, at: .seconds(30))
        account.look(at: .milliseconds(31_999))
        #expect(account.longest.duration == .zero)
        account.look(at: .seconds(32))
        account.look(at: .seconds(35))
        #expect(account.longest.duration == .milliseconds(3_001))
    }
}

import Testing

@testable import eventhorizon_faults

struct WorkerLogTests {
    @Test func a_claimed_partition_is_read_from_a_line() {
        let line =
            #"{"time":"2026-11-25T00:24:26.065Z","level":"info","worker":"guestlist-command-handler","message":"partition claimed","#
            + #""group":"commands.guestlist.v1.Invitation","partition":"7","progress":"0","unclean":"false"}"#
        #expect(WorkerLog.changes(in: [line]) == [.claimed(Lane(group: .commandHandler, partition: 7))])
    }

    @Test func what_a_worker_gave_up_and_what_it_lost_it_holds_no_more() {
        let lane = Lane(group: .saga, partition: 2)
        #expect(
            WorkerLog.changes(in: [
                #"{"level":"info","message":"partition released","group":"saga.seating","partition":"2"}"#,
                #"{"level":"warning","message":"partition lost","group":"saga.seating","partition":"2"}"#,
            ]) == [.left(lane), .left(lane)])
    }

    @Test func other_lines_change_nothing() {
        #expect(
            WorkerLog.changes(in: [
                #"{"level":"info","message":"reading restarted","group":"saga.seating","partition":"7"}"#,
                #"{"level":"info","message":"partition claimed","group":"somebody.else","partition":"7"}"#,
                #"swift: Fatal error: "message":"partition claimed""#,
            ]).isEmpty)
    }
}

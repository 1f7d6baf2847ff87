import Testing

@testable import eventhorizon_faults

struct WorkerLogTests {
    @Test func a_claimed_partition_is_read_from_a_line() {
        let line =
            #"{"time":"2026-11-25T00:24:26.065Z","level":"info","worker":"guestlist-command-handler","message":"partition claimed","#
            + #""group":"commands.guestlist.v1.Invitation","partition":"7","progress":"0","unclean":"false"}"#
        #expect(WorkerLog.claims(in: [line]) == [Lane(group: .commandHandler, partition: 7)])
    }

    @Test func other_lines_claim_nothing() {
        #expect(
            WorkerLog.claims(in: [
                #"{"level":"info","message":"partition released","group":"saga.seating","partition":"7"}"#,
                #"{"level":"info","message":"partition claimed","group":"somebody.else","partition":"7"}"#,
                #"swift: Fatal error: "partition claimed""#,
            ]).isEmpty)
    }
}

import EventHorizon
import EventHorizonTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct ManualClockTests {
    @Test func sleepers_wake_in_order_when_their_time_has_come() async throws {
        let clock = ManualClock()
        let start = clock.time
        try SeededExecutor(seed: 1).run {
            let woken = await withTaskGroup(of: Int.self) { tasks in
                for seconds in [3, 1, 2] {
                    tasks.addTask {
                        await clock.sleep(until: Instant(nanoseconds: 0) + .seconds(seconds))
                        return seconds
                    }
                }
                for second in 1...3 {
                    while clock.nextDue != Instant(nanoseconds: 0) + .seconds(second) { await Task.yield() }
                    clock.advance(by: .seconds(1))
                    #expect(await tasks.next() == second)
                }
                return await tasks.next()
            }
            #expect(woken == nil)
        }
        #expect(clock.now == Instant(nanoseconds: 3_000_000_000))
        #expect(clock.time.nanoseconds - start.nanoseconds == 3_000_000_000)
        clock.set(time: Timestamp(nanoseconds: 7))
        #expect(clock.time == Timestamp(nanoseconds: 7) && clock.now == Instant(nanoseconds: 3_000_000_000))
    }

    @Test func a_cancelled_sleeper_wakes_early() async {
        let clock = ManualClock()
        let sleeper = Task { await clock.sleep(until: Instant(nanoseconds: 1)) }
        sleeper.cancel()
        await sleeper.value
        #expect(clock.nextDue == nil)
    }
}

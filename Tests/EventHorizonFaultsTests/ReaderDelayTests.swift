import EventHorizon
import Testing

@testable import eventhorizon_faults

struct ReaderDelayTests {
    private var delay = ReaderDelay()

    private mutating func look(_ second: Int, end: UInt64, reached: UInt64) {
        delay.look([3: Position(end)], reached: [3: Position(reached)], of: .events, at: .seconds(second))
    }

    @Test mutating func what_is_read_as_it_comes_is_no_delay() {
        for second in 1...20 { look(second, end: UInt64(second), reached: UInt64(second)) }
        #expect(delay.longest == ReaderDelay.Longest())
    }

    @Test mutating func what_is_hidden_counts_until_it_is_read_whatever_comes_behind_it() {
        look(1, end: 10, reached: 5)
        look(2, end: 20, reached: 9)
        look(4, end: 30, reached: 10)
        #expect(delay.longest == ReaderDelay.Longest(duration: .seconds(3), log: .events, partition: 3, until: .seconds(4)))
        // What came behind it began to wait when it was seen.
        look(6, end: 30, reached: 30)
        #expect(delay.longest.duration == .seconds(3))
    }

    @Test mutating func a_server_that_is_away_is_to_blame_until_it_is_back() {
        look(1, end: 10, reached: 5)
        delay.excuse(at: .seconds(15))
        look(17, end: 10, reached: 10)
        #expect(delay.longest.duration == .seconds(2))
    }
}

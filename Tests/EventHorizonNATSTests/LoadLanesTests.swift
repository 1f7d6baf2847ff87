#if NATS
import Testing

@testable import EventHorizonNATS

struct LoadLanesTests {
    private func all(_ lanes: inout LoadLanes<Int>) -> [Int] {
        var entries: [Int] = []
        while let entry = lanes.next() { entries.append(entry) }
        return entries
    }

    @Test func no_more_than_the_window_read_at_once_and_the_rest_wait_in_order() {
        var lanes = LoadLanes<Int>(window: 3, byteWindow: 100)
        for entry in 0..<7 { lanes.add(entry) }
        #expect(all(&lanes) == [0, 1, 2])
        lanes.finished(bytes: 0)
        #expect(all(&lanes) == [3])
        lanes.finished(bytes: 0)
        lanes.finished(bytes: 0)
        #expect(all(&lanes) == [4, 5])
    }

    @Test func beyond_the_byte_window_one_reads_on_and_the_others_pause() {
        var lanes = LoadLanes<Int>(window: 3, byteWindow: 100)
        for entry in 0..<4 { lanes.add(entry) }
        #expect(all(&lanes) == [0, 1, 2])
        lanes.took(bytes: 40)
        #expect(!lanes.mustPause)
        lanes.took(bytes: 60)
        #expect(lanes.mustPause)
        lanes.pause(1)
        #expect(lanes.mustPause)
        lanes.pause(0)
        // The last one never does, or none would ever finish.
        #expect(!lanes.mustPause)
        #expect(all(&lanes).isEmpty)
        lanes.took(bytes: 500)
        lanes.finished(bytes: 500)
        // Full still: one reads on, and those that have begun come before those that have not.
        #expect(all(&lanes) == [1])
        lanes.finished(bytes: 60)
        #expect(all(&lanes) == [0, 3])
    }
}
#endif

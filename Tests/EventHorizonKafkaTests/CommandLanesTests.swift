#if Kafka
import EventHorizon
import Testing

@testable import EventHorizonKafka

@Suite struct CommandLanesTests {
    @Test func of_one_stream_one_is_under_way_and_the_rest_follows_in_order() {
        var lanes = CommandLanes<Int>(window: 10)
        let (a, b) = (StreamID("c", "a"), StreamID("c", "b"))
        for (number, stream) in [(1, a), (2, a), (3, b), (4, a)] { lanes.add(number, to: stream) }
        #expect(lanes.popNext()?.entry == 1)
        #expect(lanes.popNext()?.entry == 3)
        #expect(lanes.popNext() == nil)
        lanes.finished(a)
        #expect(lanes.popNext()?.entry == 2)
        lanes.returned(a, 2)
        #expect(lanes.popNext()?.entry == 2, "what could not be sent is the first again")
        lanes.finished(a)
        lanes.finished(b)
        #expect(lanes.popNext()?.entry == 4)
        lanes.finished(a)
        #expect(lanes.popNext() == nil && lanes.unanswered == 0)
    }

    @Test func no_more_are_under_way_than_the_window_allows() {
        var lanes = CommandLanes<Int>(window: 2)
        for number in 0..<3 { lanes.add(number, to: StreamID("c", "\(number)")) }
        #expect([lanes.popNext()?.entry, lanes.popNext()?.entry, lanes.popNext()?.entry] == [0, 1, nil])
        lanes.finished(StreamID("c", "0"))
        #expect(lanes.popNext()?.entry == 2)
    }
}
#endif

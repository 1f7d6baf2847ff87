#if Kafka
import EventHorizon
import Testing

@testable import EventHorizonKafka

@Suite struct TrimmerTests {
    @Test func commands_go_below_the_progress_of_the_slowest_group() {
        #expect(Trimmer.end(0, progress: [[0: 50, 1: 9], [0: 20]], kept: nil) == 20)
    }

    @Test func where_a_group_has_no_progress_nothing_goes() {
        #expect(Trimmer.end(1, progress: [[0: 50, 1: 9], [0: 20]], kept: nil) == nil)
    }

    @Test func what_a_letter_refers_to_stays() {
        // Position 11 is offset 10.
        #expect(Trimmer.end(0, progress: [[0: 50]], kept: Position(11)) == 10)
        #expect(Trimmer.end(0, progress: [[0: 5]], kept: Position(11)) == 5)
    }
}
#endif

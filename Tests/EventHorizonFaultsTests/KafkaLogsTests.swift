#if Kafka
import EventHorizon
import Testing

@testable import eventhorizon_faults

struct KafkaLogsTests {
    private func record(_ partition: Int, _ position: UInt64) -> eventhorizon_faults.LogRecord {
        LogRecord(position: Position(position), partition: partition, envelope: .kafka(key: [], headers: []), body: [])
    }

    @Test func what_only_a_reader_of_everything_sees_was_aborted() {
        let committed = [record(1, 1), record(0, 2), record(0, 1)]
        let contents = KafkaLogs.contents(
            committed: committed, written: committed + [record(1, 2), record(0, 4)], bounds: [0: 0..<5, 1: 0..<3])
        #expect(contents.records.map { [UInt64($0.partition), $0.position.rawValue] } == [[0, 1], [0, 2], [1, 1]])
        #expect(contents.aborted.map { [UInt64($0.partition), $0.position.rawValue] } == [[0, 4], [1, 2]])
        #expect(contents.ends == [0: Position(5), 1: Position(3)])
        #expect(contents.isWhole)
    }

    @Test func a_log_whose_beginning_was_removed_is_not_whole() {
        #expect(!KafkaLogs.contents(committed: [], written: [], bounds: [0: 4..<5]).isWhole)
    }
}
#endif

#if Kafka
import CRDKafka
import Glibc

/// librdkafka's list of partitions, freed with its last reference.
final class PartitionList {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init() { pointer = rd_kafka_topic_partition_list_new(4)! }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// - Parameter note: Kept with the offset where it is committed.
    func add(_ topic: String, _ partition: Int, offset: Int64, note: String = "") {
        let entry = rd_kafka_topic_partition_list_add(pointer, topic, Int32(partition))!
        entry.pointee.offset = offset
        guard !note.isEmpty else { return }
        // Freed by librdkafka with the list.
        var note = note
        note.withUTF8 { bytes in
            let copy = UnsafeMutableRawPointer(malloc(bytes.count))!
            copy.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
            entry.pointee.metadata = copy
            entry.pointee.metadata_size = bytes.count
        }
    }

    /// The pointer is valid inside `body` only: without that the last mention of the list would be its end, in the middle of a call.
    func with<Value>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Value) -> Value {
        withExtendedLifetime(self) { body(pointer) }
    }

    var first: rd_kafka_topic_partition_t? { pointer.pointee.cnt > 0 ? pointer.pointee.elems[0] : nil }

    /// The numbers of the partitions in a list that librdkafka gives.
    static func numbers(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> [Int] {
        (0..<Int(list.pointee.cnt)).map { Int(list.pointee.elems[$0].partition) }
    }
}
#endif

#if Kafka
import CRDKafka
import Glibc

/// Who a member is in which generation of its group: what the broker fences by. Taken together with the assignment, never later.
final class GroupMetadata: @unchecked Sendable {
    // Unchecked: librdkafka only reads what is never changed.
    private let pointer: OpaquePointer

    /// Of a group that has no members.
    init(group: String) { pointer = rd_kafka_consumer_group_metadata_new(group) }

    /// Of the consumer's present generation; nil where it is in none, since offsets without one are not fenced.
    init?(of consumer: OpaquePointer) {
        guard let metadata = rd_kafka_consumer_group_metadata(consumer) else { return nil }
        pointer = metadata
        guard isOfGeneration else { return nil }
    }

    /// The pointer is valid inside `body` only.
    func with<Value>(_ body: (OpaquePointer) -> Value) -> Value { withExtendedLifetime(self) { body(pointer) } }

    deinit { rd_kafka_consumer_group_metadata_destroy(pointer) }

    /// librdkafka has no question for it: its own written form begins with 7 letters, the generation, the group's name and the member's.
    private var isOfGeneration: Bool {
        var bytes: UnsafeMutableRawPointer?
        var size = 0
        if let error = rd_kafka_consumer_group_metadata_write(pointer, &bytes, &size) {
            rd_kafka_error_destroy(error)
            return false
        }
        guard let bytes else { return false }
        defer { rd_kafka_mem_free(nil, bytes) }
        let written = UnsafeRawBufferPointer(start: bytes, count: size)
        guard written.count > 12, written[..<7].elementsEqual("CGMDv2:".utf8) else { return false }
        let generation = written.loadUnaligned(fromByteOffset: 7, as: Int32.self)
        guard let end = written[11...].firstIndex(of: 0), end + 1 < written.count else { return false }
        return generation >= 0 && written[end + 1] != 0
    }
}
#endif

#if Kafka
import CRDKafka
import EventHorizonBridge
import Synchronization

/// What the group's consumer and the reader tell while they are polled.
final class GroupListener: ClientDelegate, @unchecked Sendable {
    // Unchecked: the lock guards both.
    enum Event: Sendable {
        case assigned([Int])
        case revoked([Int])
    }
    private let events = Mutex<[Event]>([])
    private let failures = Mutex<[KafkaFailure]>([])
    private let isClosing = Mutex(false)
    private let hasJoined = Mutex(false)

    /// Whether the group has ever said what is this member's.
    var wasRebalanced: Bool { hasJoined.withLock { $0 } }

    override func rebalanced(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) {
        hasJoined.withLock { $0 = true }
        // Nobody is left to answer it later.
        if isClosing.withLock({ $0 }) { return Self.acknowledge(code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, client) }
        let numbers = PartitionList.numbers(of: partitions)
        events.withLock { $0.append(code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? .assigned(numbers) : .revoked(numbers)) }
    }

    override func failed(_ failure: KafkaFailure) { failures.withLock { $0.append(failure) } }

    /// Says that the last rebalance is done with. Which partitions are read, and from where, is the reader's: this consumer is assigned none.
    static func acknowledge(_ isAssignment: Bool, _ client: OpaquePointer) {
        let none = PartitionList()
        let error = none.with { isAssignment ? rd_kafka_incremental_assign(client, $0) : rd_kafka_incremental_unassign(client, $0) }
        if let error { rd_kafka_error_destroy(error) }
    }

    /// From now on rebalances are answered at once.
    func close() { isClosing.withLock { $0 = true } }

    func takeEvents() -> [Event] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }

    func takeFailures() -> [KafkaFailure] {
        failures.withLock { failures in
            defer { failures = [] }
            return failures
        }
    }
}
#endif

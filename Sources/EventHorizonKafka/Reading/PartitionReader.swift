#if Kafka
import CRDKafka
import EventHorizon

/// One partition that is read: what was taken from the library and not delivered, and what is delivered and not finished.
struct PartitionReader {
    private var queue: PartitionQueue
    private let ahead: ReadAhead
    /// Taken, in order, errors among them; owned.
    private var taken: [UnsafeMutablePointer<rd_kafka_message_t>] = []
    private var head = 0
    /// What was taken since the library was last told that there is room.
    private var freedMessages = 0
    private var freedBytes = 0
    /// The sizes of what is delivered and not finished, in order.
    private var delivered: [Int] = []
    private var finished = 0
    private var deliveredBytes = 0
    /// The offset that comes next, at least.
    private(set) var next: Int64
    var skipped = 0
    var skippedTo = Position.start

    init(_ queue: PartitionQueue, next: Int64, ahead: ReadAhead) {
        self.queue = queue
        self.next = next
        self.ahead = ahead
    }

    var unfinished: Int { delivered.count - finished }

    /// The next message or error to look at, which is the caller's from then on.
    mutating func popFirst() -> UnsafeMutablePointer<rd_kafka_message_t>? {
        while true {
            if head == taken.count {
                taken.removeAll(keepingCapacity: true)
                head = 0
                queue.take(into: &taken)
                if taken.isEmpty { return nil }
                freedMessages += taken.count
                for message in taken { freedBytes += message.pointee.len }
            }
            let message = taken[head]
            head += 1
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return message }
            if message.pointee.offset >= next {
                next = message.pointee.offset + 1
                return message
            }
            rd_kafka_message_destroy(message)
        }
    }

    /// Whether so much was taken since this was last so that the library may have stopped to fetch and has room again.
    mutating func hasRoom() -> Bool {
        guard freedMessages * 4 >= ahead.messages || freedBytes * 4 >= ahead.bytes else { return false }
        freedMessages = 0
        freedBytes = 0
        return true
    }

    func mayDeliver(window: Int, bytes: Int) -> Bool { unfinished < window && (deliveredBytes < bytes || unfinished == 0) }

    mutating func deliver(bytes: Int) {
        delivered.append(bytes)
        deliveredBytes += bytes
    }

    mutating func finish(_ count: Int) {
        let end = min(finished + count, delivered.count)
        for index in finished..<end { deliveredBytes -= delivered[index] }
        finished = end
        if finished == delivered.count {
            delivered.removeAll(keepingCapacity: true)
            finished = 0
        } else if finished > 1_024, finished * 2 > delivered.count {
            delivered.removeFirst(finished)
            finished = 0
        }
    }

    /// After the partition is assigned no more.
    mutating func close() {
        for message in taken[head...] { rd_kafka_message_destroy(message) }
        taken.removeAll()
        head = 0
        queue.close()
    }
}
#endif

#if Kafka
import CRDKafka
import EventHorizon

/// One partition that is read: what was fetched and not delivered, and what is delivered and not finished.
struct PartitionReader {
    /// Fetched, in order; owned.
    private var fetched: [UnsafeMutablePointer<rd_kafka_message_t>] = []
    private var head = 0
    private(set) var fetchedBytes = 0
    /// The sizes of what is delivered and not finished, in order.
    private var delivered: [Int] = []
    private var finished = 0
    private var deliveredBytes = 0
    /// The offset that comes next, at least.
    private(set) var next: Int64
    var isPaused = false
    var skipped = 0
    var skippedTo = Position.start

    init(next: Int64) { self.next = next }

    var fetchedCount: Int { fetched.count - head }
    var unfinished: Int { delivered.count - finished }

    /// Whether so much is fetched already that the library is to stop.
    var isFull: Bool { fetchedCount >= 2_000 || fetchedBytes >= 2 << 20 }
    var isLow: Bool { fetchedCount < 500 && fetchedBytes < 1 << 19 }

    /// Takes a message over; false for one that was read before, which stays the caller's.
    mutating func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> Bool {
        guard message.pointee.offset >= next else { return false }
        next = message.pointee.offset + 1
        fetched.append(message)
        fetchedBytes += message.pointee.len
        return true
    }

    /// The next message to look at, which is the caller's from then on.
    mutating func popFirst() -> UnsafeMutablePointer<rd_kafka_message_t>? {
        guard head < fetched.count else { return nil }
        let message = fetched[head]
        head += 1
        fetchedBytes -= message.pointee.len
        if head == fetched.count {
            fetched.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1_024, head * 2 > fetched.count {
            fetched.removeFirst(head)
            head = 0
        }
        return message
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

    mutating func close() {
        for message in fetched[head...] { rd_kafka_message_destroy(message) }
        fetched.removeAll()
        head = 0
    }
}
#endif

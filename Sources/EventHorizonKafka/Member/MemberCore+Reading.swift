#if Kafka
import CRDKafka
import EventHorizon

extension MemberCore {
    /// What a member may have unfinished: the high-water mark. Its partitions share it evenly, but each may have 512, so that with more than 32 of
    /// them it is 512 for each. As many as fill a transaction of each of four.
    static var deliveryWindow: Int { 16_384 }
    static var byteWindow: Int { 64 << 20 }
    /// At most so many records are taken from the library in one turn.
    static var readsPerTurn: Int { 4_096 }

    mutating func startReader(_ partition: Int, after position: Position) {
        endReader(partition)
        guard let session = sessions[partition], session.isTold, !session.isRevoked, !session.isReleased else { return }
        var next = Int64(clamping: position.rawValue)
        // Before the first record there is nothing to miss.
        if position == .start { next = session.low }
        let topic = ready.names.topic(group.log)
        guard let queue = PartitionQueue(of: parts.reader, topic, partition, bell: parts.bell) else {
            earlyNotices.append(.stalled(partition: partition, reason: "the partition cannot be read: the library has no queue of it"))
            return
        }
        sessions[partition]!.reader = PartitionReader(queue, next: next, ahead: ReadAhead(partitionCount: ready.partitionCount))
        let list = PartitionList()
        list.add(topic, partition, offset: next)
        if let failure = KafkaFailure(list.with({ rd_kafka_incremental_assign(parts.reader.handle, $0) })) {
            earlyNotices.append(.stalled(partition: partition, reason: "the partition cannot be read: \(failure)"))
        }
    }

    mutating func endReader(_ partition: Int) {
        guard var reader = sessions[partition]?.reader else { return }
        sessions[partition]!.reader = nil
        let list = PartitionList()
        list.add(ready.names.topic(group.log), partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        if let error = list.with({ rd_kafka_incremental_unassign(parts.reader.handle, $0) }) { rd_kafka_error_destroy(error) }
        reader.close()
    }

    /// Takes in what the reader tells of all partitions together: what it reads lies in a queue for each.
    mutating func pollReader(into turn: inout Turn) {
        while let message = rd_kafka_consumer_poll(parts.reader.handle, 0) {
            if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR { takeReadError(message, into: &turn) }
            rd_kafka_message_destroy(message)
        }
    }

    private mutating func takeReadError(_ message: UnsafeMutablePointer<rd_kafka_message_t>, into turn: inout Turn) {
        let partition = Int(message.pointee.partition)
        let text = message.body.isEmpty ? nil : String(decoding: message.body, as: UTF8.self)
        let failure = KafkaFailure(message.pointee.err, text)
        switch failure.code {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF: break
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            guard sessions.indices.contains(partition), let reader = sessions[partition]?.reader, self.failure == nil else { return }
            self.failure = Misconfiguration(
                "'\(ready.names.topic(group.log))' has no offset \(reader.next) in partition \(partition), where group '\(group.name)' is to read on: records were "
                    + "removed that it has not read, or the topic was created anew. Restore the topic, or set the group's progress (for a projector: remove its "
                    + "read model)")
        default: take(failure, into: &turn)
        }
    }

    /// Takes what was fetched into the turn, as far as the windows allow; each time another partition is first.
    mutating func deliver(into turn: inout Turn) {
        hasMore = false
        guard !isDraining else { return }
        let held = max(1, sessions.count { $0?.reader != nil })
        let window = max(512, Self.deliveryWindow / held)
        let bytes = Self.byteWindow / held
        let first = firstPartition
        firstPartition = (first + 1) % sessions.count
        var left = Self.readsPerTurn
        var hasRoom = false
        for offset in sessions.indices {
            let partition = (first + offset) % sessions.count
            guard sessions[partition]?.reader != nil else { continue }
            deliver(partition, window: window, bytes: bytes, left: &left, into: &turn)
            if sessions[partition]!.reader!.hasRoom() { hasRoom = true }
        }
        if hasRoom { parts.reader.fetchOn(configuration) }
        hasMore = left == 0
    }

    private mutating func deliver(_ partition: Int, window: Int, bytes: Int, left: inout Int, into turn: inout Turn) {
        while left > 0, sessions[partition]!.reader!.mayDeliver(window: window, bytes: bytes), let message = sessions[partition]!.reader!.popFirst() {
            defer { rd_kafka_message_destroy(message) }
            left -= 1
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                takeReadError(message, into: &turn)
                continue
            }
            let position = Position(UInt64(message.pointee.offset + 1))
            if let content = decoder.decode(message) {
                tellSkips(of: partition, into: &turn)
                sessions[partition]!.reader!.deliver(bytes: message.pointee.len)
                turn.deliveries.append(Delivery(partition: partition, position: position, content: content))
            } else {
                sessions[partition]!.reader!.skipped += 1
                sessions[partition]!.reader!.skippedTo = position
            }
        }
        tellSkips(of: partition, into: &turn)
    }

    private mutating func tellSkips(of partition: Int, into turn: inout Turn) {
        guard let reader = sessions[partition]?.reader, reader.skipped > 0 else { return }
        turn.deliveries.append(Delivery(partition: partition, position: reader.skippedTo, content: .skipped(count: reader.skipped)))
        sessions[partition]!.reader!.skipped = 0
    }
}
#endif

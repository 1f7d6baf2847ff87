#if Kafka
import CRDKafka
import EventHorizon

extension MemberCore {
    /// What a member may have unfinished: the high-water mark. Its partitions share it evenly, but each may have 512, so that with more than eight of
    /// them it is 512 for each.
    static var deliveryWindow: Int { 4_096 }
    static var byteWindow: Int { 64 << 20 }
    /// At most so many records are taken from the library in one turn.
    static var readsPerTurn: Int { 4_096 }

    mutating func startReader(_ partition: Int, after position: Position) {
        endReader(partition)
        guard let session = sessions[partition], session.isTold, !session.isRevoked, !session.isReleased else { return }
        var next = Int64(clamping: position.rawValue)
        // Before the first record there is nothing to miss.
        if position == .start { next = session.low }
        sessions[partition]!.reader = PartitionReader(next: next)
        let list = PartitionList()
        list.add(ready.names.topic(group.log), partition, offset: next)
        if let failure = KafkaFailure(list.with({ rd_kafka_incremental_assign(parts.reader.handle, $0) })) {
            earlyNotices.append(.stalled(partition: partition, reason: "the partition cannot be read: \(failure)"))
        }
    }

    mutating func endReader(_ partition: Int) {
        guard sessions[partition]?.reader != nil else { return }
        sessions[partition]!.reader!.close()
        let isPaused = sessions[partition]!.reader!.isPaused
        sessions[partition]!.reader = nil
        let list = PartitionList()
        list.add(ready.names.topic(group.log), partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        if isPaused { _ = list.with { rd_kafka_resume_partitions(parts.reader.handle, $0) } }
        if let error = list.with({ rd_kafka_incremental_unassign(parts.reader.handle, $0) }) { rd_kafka_error_destroy(error) }
    }

    /// Reads on from where a session's deliveries ended.
    private mutating func restartReader(_ partition: Int, _ reason: String, into turn: inout Turn) {
        guard let next = sessions[partition]?.reader?.next else { return }
        turn.notices.append(.readerRestarted(partition: partition, reason: reason))
        startReader(partition, after: Position(UInt64(next)))
    }

    mutating func pollReader(into turn: inout Turn) {
        hasMore = false
        var left = Self.readsPerTurn
        while let message = rd_kafka_consumer_poll(parts.reader.handle, 0) {
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                takeReadError(message, into: &turn)
                rd_kafka_message_destroy(message)
                continue
            }
            let partition = Int(message.pointee.partition)
            guard sessions.indices.contains(partition), sessions[partition]?.reader?.take(message) == true else {
                rd_kafka_message_destroy(message)
                continue
            }
            if sessions[partition]!.reader!.isFull, !sessions[partition]!.reader!.isPaused { pause(partition, true) }
            left -= 1
            if left == 0 {
                hasMore = true
                break
            }
        }
    }

    /// The library is to fetch no more of the partition for now; it goes on being asked.
    private mutating func pause(_ partition: Int, _ isPaused: Bool) {
        let list = PartitionList()
        list.add(ready.names.topic(group.log), partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        list.with { list in
            _ = isPaused ? rd_kafka_pause_partitions(parts.reader.handle, list) : rd_kafka_resume_partitions(parts.reader.handle, list)
        }
        sessions[partition]!.reader!.isPaused = isPaused
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

    /// Moves what was fetched into the turn, as far as the windows allow; each time another partition is first.
    mutating func deliver(into turn: inout Turn) {
        guard !isDraining else { return }
        let held = max(1, sessions.count { $0?.reader != nil })
        let window = max(512, Self.deliveryWindow / held)
        let bytes = Self.byteWindow / held
        let first = firstPartition
        firstPartition = (first + 1) % sessions.count
        for offset in sessions.indices {
            let partition = (first + offset) % sessions.count
            guard sessions[partition]?.reader != nil else { continue }
            deliver(partition, window: window, bytes: bytes, into: &turn)
            if sessions[partition]!.reader!.isPaused, sessions[partition]!.reader!.isLow { pause(partition, false) }
        }
    }

    private mutating func deliver(_ partition: Int, window: Int, bytes: Int, into turn: inout Turn) {
        while sessions[partition]!.reader!.mayDeliver(window: window, bytes: bytes), let message = sessions[partition]!.reader!.popFirst() {
            let position = Position(UInt64(message.pointee.offset + 1))
            if let content = decoder.decode(message) {
                tellSkips(of: partition, into: &turn)
                sessions[partition]!.reader!.deliver(bytes: message.pointee.len)
                turn.deliveries.append(Delivery(partition: partition, position: position, content: content))
            } else {
                sessions[partition]!.reader!.skipped += 1
                sessions[partition]!.reader!.skippedTo = position
            }
            rd_kafka_message_destroy(message)
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

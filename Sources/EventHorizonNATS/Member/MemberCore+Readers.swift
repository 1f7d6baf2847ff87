#if NATS
import CNATS
import EventHorizon

extension MemberCore {
    /// What a member may have asked for or unfinished: the high-water mark. Its partitions share it evenly, but each may have 512, so that with more
    /// than eight of them it is 512 for each.
    static var deliveryWindow: Int { 4096 }
    static var byteWindow: Int { 64 << 20 }

    mutating func startReader(_ partition: Int, after position: Position, _ now: UInt64) {
        endReader(partition)
        guard sessions[partition]?.isRevoked == false else { return }
        let held = max(1, sessions.count { $0 != nil })
        sessions[partition]!.reader = PartitionReader(
            filter: ready.names.filter(of: group, partition: partition),
            pull: PullReader(
                window: max(512, Self.deliveryWindow / held), byteWindow: Self.byteWindow / held, largestMessage: ready.maximumPayload + 8192,
                now: now),
            after: position)
        createConsumer(partition, now)
    }

    mutating func endReader(_ partition: Int) {
        guard let reader = sessions[partition]?.reader else { return }
        deleteConsumer(reader)
        sessions[partition]!.reader = nil
        withSkips.removeAll { $0 == partition }
    }

    private mutating func deleteConsumer(_ reader: PartitionReader) {
        link.unsubscribe(client: client, source: reader.source)
        guard isUp, !reader.pull.consumer.isEmpty else { return }
        writer.ask(
            ConsumerRequest.deletion(stream: ready.names.stream(group.log), consumer: reader.pull.consumer), { _ in }, number: UInt64.max, on: link)
    }

    /// Reads on after the last delivered position, with a new consumer.
    mutating func restartReader(_ partition: Int, _ reason: String, _ now: UInt64, into turn: inout Turn) {
        guard var reader = sessions[partition]?.reader else { return }
        deleteConsumer(reader)
        reader.pull.restart(at: now)
        sessions[partition]!.reader = reader
        turn.notices.append(.readerRestarted(partition: partition, reason: reason))
    }

    private mutating func createConsumer(_ partition: Int, _ now: UInt64) {
        guard isUp, let session = sessions[partition], session.reader != nil else { return }
        sourcesMade += 1
        let source = sourcesMade << 16 | UInt64(partition + 1)
        sessions[partition]!.reader!.source = source
        sessions[partition]!.reader!.pull.creating(at: now)
        guard link.subscribe("\(inbox).d.\(source)", client: client, source: source) else { return }
        send(.consumer(partition: partition, source: source), partition, session.epoch, now)
    }

    mutating func takeConsumer(_ partition: Int, _ source: UInt64, _ body: UnsafeRawBufferPointer, _ now: UInt64, into turn: inout Turn) {
        guard sessions[partition]?.reader?.source == source, case .creating = sessions[partition]!.reader!.pull.phase else { return }
        if let error = APIError(in: body) {
            restartReader(partition, "the server makes no consumer: \(error)", now, into: &turn)
        } else if let name = Scan.string(after: "\"name\":", in: body) {
            sessions[partition]!.reader!.pull.created(name, at: now)
            askForMore(partition)
        } else {
            restartReader(partition, "JetStream does not answer", now, into: &turn)
        }
    }

    mutating func askForMore(_ partition: Int) {
        guard isUp, let source = sessions[partition]?.reader?.source else { return }
        while let ask = sessions[partition]?.reader?.pull.nextAsk() {
            link.publish(
                subject: ConsumerRequest.next(stream: ready.names.stream(group.log), consumer: sessions[partition]!.reader!.pull.consumer),
                reply: "\(inbox).d.\(source)", body: ConsumerRequest.body(ask))
        }
    }

    mutating func tendReader(_ partition: Int, _ now: UInt64, into turn: inout Turn) {
        guard isUp, let pull = sessions[partition]?.reader?.pull else { return }
        if let reason = pull.silence(at: now) { restartReader(partition, reason, now, into: &turn) }
        if case .waiting(let until)? = sessions[partition]?.reader?.pull.phase, until <= now { createConsumer(partition, now) }
    }

    mutating func takeRead(_ arrival: Arrival, _ now: UInt64, into turn: inout Turn) {
        let partition = Int(arrival.source & 0xFFFF) - 1
        guard sessions.indices.contains(partition), sessions[partition]?.reader?.source == arrival.source else { return }
        guard let reply = natsMsg_GetReply(arrival.message).flatMap({ DeliveryReply($0) }) else {
            let (code, text, pending, last) = arrival.status
            if case .restart(let reason) = sessions[partition]!.reader!.pull.status(code, text, pending: pending, last: last, at: now) {
                restartReader(partition, reason, now, into: &turn)
            } else {
                askForMore(partition)
            }
            return
        }
        guard sessions[partition]!.reader!.pull.receive(reply.consumerSequence, at: now) else {
            tellSkips(into: &turn)
            return restartReader(partition, "a delivery is missing before position \(reply.streamSequence)", now, into: &turn)
        }
        let position = Position(reply.streamSequence)
        let bytes = arrival.body.count
        sessions[partition]!.reader!.position = position
        guard let content = decoder.decode(arrival) else {
            if sessions[partition]!.reader!.skipped == 0 { withSkips.append(partition) }
            sessions[partition]!.reader!.skipped += 1
            sessions[partition]!.reader!.skippedTo = position
            askForMore(partition)
            return
        }
        if sessions[partition]!.reader!.skipped > 0 { tellSkips(of: partition, into: &turn) }
        sessions[partition]!.reader!.pull.deliver(bytes: bytes)
        turn.deliveries.append(Delivery(partition: partition, position: position, content: content))
    }

    /// Runs of records that the group did not ask for end with the batch, or with a record that it did.
    mutating func tellSkips(into turn: inout Turn) {
        guard !withSkips.isEmpty else { return }
        for partition in withSkips { tellSkips(of: partition, into: &turn) }
        withSkips.removeAll(keepingCapacity: true)
    }

    private mutating func tellSkips(of partition: Int, into turn: inout Turn) {
        guard let reader = sessions[partition]?.reader, reader.skipped > 0 else { return }
        turn.deliveries.append(Delivery(partition: partition, position: reader.skippedTo, content: .skipped(count: reader.skipped)))
        sessions[partition]!.reader!.skipped = 0
    }
}
#endif

#if NATS
import CNATS
import EventHorizon

// A reader for each partition, whose consumer the server filters; or one for the whole log while the member holds every partition: for each of many
// filtered consumers the server looks at every record, which costs it a seventh of all its work.
extension MemberCore {
    /// What a member may have asked for or unfinished: the high-water mark. Its partitions share it evenly, but each may have 512, so that with more
    /// than eight of them it is 512 for each.
    static var deliveryWindow: Int { 4096 }
    static var byteWindow: Int { 64 << 20 }
    /// How far apart partitions may be that are read together: what some of them have read already is sent again.
    static var longestSpread: UInt64 { 16_384 }
    /// How long partitions are read apart after one of them took most of the window.
    static var apartTime: UInt64 { 10_000_000_000 }

    /// The reader of the whole log, behind those of the partitions.
    private var wholeLog: Int { sessions.count }
    private var isWhole: Bool { readers[wholeLog] != nil }

    mutating func startReading(_ partition: Int, after position: Position) {
        guard sessions[partition]?.isRevoked == false else { return }
        // With the others it would begin elsewhere.
        readApart()
        close(partition)
        sessions[partition]!.reader = PartitionReader(after: position)
    }

    mutating func endReading(_ partition: Int) {
        guard sessions[partition]?.reader != nil else { return }
        readApart()
        close(partition)
        sessions[partition]!.reader = nil
        withSkips.removeAll { $0 == partition }
    }

    /// Opens the readers that are missing.
    mutating func arrangeReaders(_ now: UInt64) {
        if mayReadWhole(now) {
            for partition in sessions.indices { close(partition) }
            open(wholeLog, ready.names.filter(of: group, partition: nil), share: 1, now)
        } else if !isWhole {
            let held = max(1, sessions.count { $0 != nil })
            for partition in sessions.indices where sessions[partition]?.reader != nil && readers[partition] == nil {
                open(partition, ready.names.filter(of: group, partition: partition), share: held, now)
            }
        }
    }

    private func mayReadWhole(_ now: UInt64) -> Bool {
        guard !isWhole, sessions.count > 1, now >= apartUntil else { return false }
        var (first, last) = (UInt64.max, UInt64.min)
        for session in sessions {
            guard let session, !session.isRevoked, let reader = session.reader, reader.unfinished < 64 else { return false }
            first = min(first, reader.position.rawValue)
            last = max(last, reader.position.rawValue)
        }
        return last - first <= Self.longestSpread
    }

    /// Ends the reader of the whole log, if there is one: each partition goes on from where it is.
    private mutating func readApart() {
        guard isWhole else { return }
        close(wholeLog)
        for partition in sessions.indices { catchUp(partition) }
    }

    /// What the whole log was read up to, every partition was.
    private mutating func catchUp(_ partition: Int) {
        guard let reader = sessions[partition]?.reader else { return }
        sessions[partition]!.reader!.position = max(reader.position, wholePosition)
    }

    private mutating func open(_ index: Int, _ filter: String, share: Int, _ now: UInt64) {
        if index == wholeLog { wholePosition = .start }
        readers[index] = LogReader(
            filter: filter,
            pull: PullReader(
                window: max(512, Self.deliveryWindow / share), byteWindow: Self.byteWindow / share, largestMessage: ready.maximumPayload + 8192,
                now: now))
    }

    private mutating func close(_ index: Int) {
        guard let reader = readers[index] else { return }
        deleteConsumer(reader)
        readers[index] = nil
    }

    private mutating func deleteConsumer(_ reader: LogReader) {
        if let source = reader.source { link.unsubscribe(client: client, source: source) }
        guard isUp, !reader.pull.consumer.isEmpty else { return }
        writer.ask(
            ConsumerRequest.deletion(stream: ready.names.stream(group.log), consumer: reader.pull.consumer), { _ in }, number: UInt64.max, on: link)
    }

    /// Reads on after the last delivered position, with a new consumer.
    mutating func restartReader(_ index: Int, _ reason: String, _ now: UInt64, into turn: inout Turn) {
        guard let reader = readers[index] else { return }
        deleteConsumer(reader)
        readers[index]!.pull.restart(at: now)
        for partition in index == wholeLog ? sessions.indices : index..<index + 1 {
            if index == wholeLog { catchUp(partition) }
            turn.notices.append(.readerRestarted(partition: partition, reason: reason))
        }
    }

    private mutating func createConsumer(_ index: Int, _ now: UInt64) {
        // A consumer of the whole log stands under the first partition's session: with any of them it ends.
        let partition = index == wholeLog ? 0 : index
        guard isUp, readers[index] != nil, let session = sessions[partition] else { return }
        sourcesMade += 1
        let source = sourcesMade << 16 | UInt64(index + 1)
        readers[index]!.source = source
        readers[index]!.pull.creating(at: now)
        guard link.subscribe("\(inbox).d.\(source)", client: client, source: source) else { return }
        send(.consumer(reader: index, source: source), partition, session.epoch, now)
    }

    /// The request for a consumer that reads on; nil where its reader is not there any more.
    func consumerRequest(_ index: Int) -> String? {
        guard let reader = readers[index] else { return nil }
        let held = index == wholeLog ? sessions[...] : sessions[index...index]
        let start = held.compactMap { $0?.reader?.position }.min() ?? .start
        return ConsumerRequest.body(stream: ready.names.stream(group.log), filter: reader.filter, start: .after(start))
    }

    mutating func takeConsumer(_ index: Int, _ source: UInt64, _ body: UnsafeRawBufferPointer, _ now: UInt64, into turn: inout Turn) {
        guard readers[index]?.source == source, case .creating = readers[index]!.pull.phase else { return }
        if let error = APIError(in: body) {
            restartReader(index, "the server makes no consumer: \(error)", now, into: &turn)
        } else if let name = Scan.string(after: "\"name\":", in: body) {
            readers[index]!.pull.created(name, at: now)
            askForMore(index)
        } else {
            restartReader(index, "JetStream does not answer", now, into: &turn)
        }
    }

    mutating func finish(_ count: Int, of partition: Int) {
        sessions[partition]?.reader?.unfinished -= count
        readers[isWhole ? wholeLog : partition]?.pull.finish(count)
    }

    /// Of the reader that the partition's deliveries come from.
    mutating func askForMore(of partition: Int) { askForMore(isWhole ? wholeLog : partition) }

    private mutating func askForMore(_ index: Int) {
        guard isUp, let source = readers[index]?.source else { return }
        while let ask = readers[index]?.pull.nextAsk() {
            link.publish(
                subject: ConsumerRequest.next(stream: ready.names.stream(group.log), consumer: readers[index]!.pull.consumer),
                reply: "\(inbox).d.\(source)", body: ConsumerRequest.body(ask))
        }
    }

    /// Sees to what depends on time; gives the time to look again.
    mutating func tendReaders(_ now: UInt64, into turn: inout Turn) -> UInt64? {
        arrangeReaders(now)
        var next: UInt64?
        for index in readers.indices where readers[index] != nil {
            tend(index, now, into: &turn)
            if let due = readers[index]?.pull.nextCheck(isUp: isUp) { next = min(next ?? .max, due) }
        }
        return next
    }

    private mutating func tend(_ index: Int, _ now: UInt64, into turn: inout Turn) {
        guard isUp, let pull = readers[index]?.pull else { return }
        if let reason = pull.silence(at: now) { restartReader(index, reason, now, into: &turn) }
        if case .waiting(let until)? = readers[index]?.pull.phase, until <= now { createConsumer(index, now) }
    }

    mutating func takeRead(_ arrival: Arrival, _ now: UInt64, into turn: inout Turn) {
        let index = Int(arrival.source & 0xFFFF) - 1
        guard readers.indices.contains(index), readers[index]?.source == arrival.source else { return }
        guard let reply = natsMsg_GetReply(arrival.message).flatMap({ DeliveryReply($0) }) else {
            let (code, text, pending, last) = arrival.status
            if case .restart(let reason) = readers[index]!.pull.status(code, text, pending: pending, last: last, at: now) {
                restartReader(index, reason, now, into: &turn)
            } else {
                askForMore(index)
            }
            return
        }
        guard readers[index]!.pull.receive(reply.consumerSequence, at: now) else {
            tellSkips(into: &turn)
            return restartReader(index, "a delivery is missing before position \(reply.streamSequence)", now, into: &turn)
        }
        let position = Position(reply.streamSequence)
        if index == wholeLog { wholePosition = position }
        let partition = index == wholeLog ? decoder.partition(of: arrival) : index
        // What stands under no partition's number is nobody's; what a partition has read already is sent again for the sake of the others.
        guard let partition, sessions.indices.contains(partition), let reader = sessions[partition]?.reader, position > reader.position else {
            return askForMore(index)
        }
        sessions[partition]!.reader!.position = position
        guard let content = decoder.decode(arrival) else {
            if reader.skipped == 0 { withSkips.append(partition) }
            sessions[partition]!.reader!.skipped += 1
            sessions[partition]!.reader!.skippedTo = position
            return askForMore(index)
        }
        if reader.skipped > 0 { tellSkips(of: partition, into: &turn) }
        readers[index]!.pull.deliver(bytes: arrival.body.count)
        sessions[partition]!.reader!.unfinished += 1
        turn.deliveries.append(Delivery(partition: partition, position: position, content: content))
        if index == wholeLog, reader.unfinished >= Self.deliveryWindow / 2 {
            // One partition that is stuck must not keep the others from being read.
            apartUntil = now &+ Self.apartTime
            readApart()
        }
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

#if NATS
import CNATS
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

/// Reads a range of a log up to where the log ends now, batch by batch, with consumers that nobody else sees.
///
/// Belongs to one task, and to it alone.
final class RangeReader {
    private let ready: Ready
    private let link: Link
    private let range: LogRange
    private let requests: Requests
    private let ending: @Sendable (String) -> any Error
    private let mailbox = Mailbox(NATSMember.Incoming())
    private let timer: LoopTimer
    private let client: Int
    private let inbox: String
    private let codec = WireCodec()
    private var incoming = NATSMember.Incoming()
    private var isUp = true
    private var sources: UInt64 = 0

    /// - Parameters:
    ///   - link: Used by nobody else, and closed by the caller.
    ///   - ending: What is thrown when the connection is given up for a reason.
    init(ready: Ready, link: Link, range: LogRange, ending: @escaping @Sendable (String) -> any Error) throws {
        self.ready = ready
        self.link = link
        self.range = range
        self.ending = ending
        requests = try Requests(link: link)
        timer = LoopTimer { [mailbox] in mailbox.wake() }
        inbox = "\(link.inbox).a"
        client = link.add(MemberProxy(mailbox: mailbox))
    }

    private var stream: String { ready.names.stream(range.log) }

    func run(_ body: ([LogRecord]) async throws -> Bool) async throws {
        let end = try await end()
        for filter in filters {
            guard try await read(filter, upTo: end, body) else { return }
        }
    }

    /// A server from 2.10 on could filter by several subjects with one consumer; earlier ones cannot.
    private var filters: [String] {
        guard let streams = range.streams else { return [ready.names.filter(range.log, partition: range.partition)] }
        return streams.compactMap { stream in
            let partition = Partitioner.partition(of: stream.aggregate, count: ready.partitionCount)
            guard range.partition ?? partition == partition else { return nil }
            return String(decoding: ready.names.subject(range.log, partition: partition, stream: stream), as: UTF8.self)
        }
    }

    /// Where the log ends now.
    private func end() async throws -> Position {
        while true {
            try checkCancellation()
            if case .body(let body) = await requests.request("$JS.API.STREAM.INFO.\(stream)") {
                if let error = body.withUnsafeBytes({ APIError(in: $0) }) { throw refused(error) }
                if let last = JSONValue(body)?["state"]?["last_seq"]?.integer { return Position(UInt64(max(0, last))) }
            }
            await pause()
        }
    }

    // MARK: One consumer's part

    /// How far a filter was read, and with which consumer.
    private struct Progress {
        var pull: PullReader
        /// Everything up to here was read.
        var position: Position
        var source: UInt64 = 0
        /// How many records the consumer has still to give.
        var left: UInt64 = 0
    }

    /// - Returns: Whether to read on.
    private func read(_ filter: String, upTo end: Position, _ body: ([LogRecord]) async throws -> Bool) async throws -> Bool {
        let starts = range.partition.map { [range.after[$0] ?? .start] } ?? (0..<ready.partitionCount).map { range.after[$0] ?? .start }
        var progress = Progress(
            pull: PullReader(window: 512, byteWindow: 4 << 20, largestMessage: ready.maximumPayload + 8_192, now: MonotonicTime.now),
            position: starts.min() ?? .start)
        defer { endConsumer(of: progress) }
        while progress.position < end {
            try checkCancellation()
            if isUp, case .waiting(let until) = progress.pull.phase, until <= MonotonicTime.now {
                guard try await makeConsumer(filter, &progress) else { return true }
            }
            ask(&progress)
            await somethingHappens(progress)
            let (records, isThrough) = try take(&progress, upTo: end)
            if !records.isEmpty, try await !body(records) { return false }
            progress.pull.finish(records.count)
            if isThrough { return true }
        }
        return true
    }

    /// - Returns: False where nothing matches the filter any more.
    private func makeConsumer(_ filter: String, _ progress: inout Progress) async throws -> Bool {
        endConsumer(of: progress)
        sources += 1
        progress.source = sources
        progress.pull.creating(at: MonotonicTime.now)
        guard link.subscribe("\(inbox).\(sources)", client: client, source: sources) else { throw ending("it was closed") }
        let request = ConsumerRequest.body(stream: stream, filter: filter, start: .after(progress.position))
        guard case .body(let body) = await requests.request(ConsumerRequest.subject(stream: stream), request) else {
            progress.pull.restart(at: MonotonicTime.now)
            return true
        }
        if let error = body.withUnsafeBytes({ APIError(in: $0) }) {
            if (400..<500).contains(error.code) { throw refused(error) }
            progress.pull.restart(at: MonotonicTime.now)
            return true
        }
        guard let name = body.withUnsafeBytes({ Scan.string(after: "\"name\":", in: $0) }),
            let left = body.withUnsafeBytes({ Scan.number(after: "\"num_pending\":", in: $0) })
        else { throw BrokerError(.protocolViolation, "the server describes a consumer in a way that this build does not understand") }
        progress.pull.created(name, at: MonotonicTime.now)
        progress.left = left
        return left > 0
    }

    private func endConsumer(of progress: Progress) {
        guard progress.source > 0 else { return }
        link.unsubscribe(client: client, source: progress.source)
        // What is not heard of it ends by itself, after its time of inactivity.
        if isUp, !progress.pull.consumer.isEmpty {
            link.publish(subject: ConsumerRequest.deletion(stream: stream, consumer: progress.pull.consumer), body: "")
        }
    }

    private func ask(_ progress: inout Progress) {
        while isUp, let ask = progress.pull.nextAsk() {
            link.publish(
                subject: ConsumerRequest.next(stream: stream, consumer: progress.pull.consumer), reply: "\(inbox).\(progress.source)",
                body: ConsumerRequest.bodyOfNow(ask))
        }
    }

    private func somethingHappens(_ progress: Progress) async {
        if let due = progress.pull.nextCheck(isUp: isUp) { link.loop.arm(timer, at: due) } else { link.loop.disarm(timer) }
        await withTaskCancellationHandler {
            await mailbox.wait()
        } onCancel: { [mailbox] in
            mailbox.wake()
        }
        _ = mailbox.take(&incoming)
    }

    // MARK: What has arrived

    /// - Returns: What is to be given on, and whether nothing else will come.
    private func take(_ progress: inout Progress, upTo end: Position) throws -> (records: [LogRecord], isThrough: Bool) {
        defer {
            for arrival in incoming.arrivals { Library.destroy(arrival.message) }
            incoming.removeAll()
        }
        let now = MonotonicTime.now
        var records: [LogRecord] = []
        for arrival in incoming.arrivals where arrival.source == progress.source {
            guard let reply = natsMsg_GetReply(arrival.message).flatMap({ DeliveryReply($0) }) else {
                let (code, text, pending, last) = arrival.status
                if case .restart = progress.pull.status(code, text, pending: pending, last: last, at: now) { progress.pull.restart(at: now) }
                continue
            }
            let position = Position(reply.streamSequence)
            if position > end { return (records, true) }
            guard progress.pull.receive(reply.consumerSequence, at: now) else {
                // One before it is missing: read on after the last with another consumer.
                progress.pull.restart(at: now)
                break
            }
            progress.position = position
            progress.left -= progress.left > 0 ? 1 : 0
            if let record = record(arrival, at: position) {
                progress.pull.deliver(bytes: arrival.body.count)
                records.append(record)
            }
            if progress.left == 0 { return (records, true) }
        }
        for change in incoming.changes {
            switch change {
            case .lost: isUp = false
            case .restored:
                isUp = true
                progress.pull.restart(at: now)
            case .closed(let reason): throw ending(reason)
            case .unheard: break
            }
        }
        // A request of what is there now ends in silence where part of that was removed meanwhile.
        if isUp, progress.pull.silence(at: now) != nil { progress.pull.restart(at: now) }
        return (records, false)
    }

    /// Nil for what lies before the range, or under no partition's number.
    private func record(_ arrival: Arrival, at position: Position) -> LogRecord? {
        guard let partition = ready.names.partition(ofSubject: arrival.subject, range.log), partition < ready.partitionCount,
            position > range.after[partition] ?? .start
        else { return nil }
        return LogRecord(partition: partition, position: position, content: codec.content(of: arrival.body, in: range.log))
    }

    // MARK: Waiting

    private func pause() async {
        link.loop.arm(timer, at: MonotonicTime.now &+ 200_000_000)
        await mailbox.wait()
        _ = mailbox.take(&incoming)
        for arrival in incoming.arrivals { Library.destroy(arrival.message) }
        incoming.removeAll()
    }

    private func checkCancellation() throws {
        if Task.isCancelled { throw BrokerError(.cancelled, "reading the stream '\(stream)' was cancelled", isRetriable: true) }
    }

    private func refused(_ error: APIError) -> BrokerError { BrokerError(.refused, "the stream '\(stream)' cannot be read: \(error)") }
}
#endif

#if NATS
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Synchronization

/// Publishes for any number of callers, on a connection of its own.
///
/// Callers encode and hand over to libnats under one lock; the loop's thread takes the answers under the same, and what gathers meanwhile leaves in one
/// write.
final class Publisher: LinkClient, Sendable {
    /// One call of `publish`.
    private final class Call: @unchecked Sendable {
        // Unchecked: only touched under the publisher's lock.
        var results: [PublishResult?]
        var left: Int
        var continuation: UnsafeContinuation<[PublishResult], any Error>?
        var isCancelled = false
        init(count: Int) {
            results = Array(repeating: nil, count: count)
            left = count
        }
    }
    private enum Owner {
        case call(Call, index: Int)
        /// A request, whose reply has this number.
        case request(UInt64)
    }
    private struct Entry {
        var owner: Owner
        var command: Envelope
        var attempts = 0
    }
    private struct InFlight {
        var entry: Entry
        /// When it is sent again.
        var due: UInt64
    }
    private struct State {
        var lanes = CommandLanes<Entry>(window: 4096)
        var inFlight = SlotTable<InFlight>()
        var replies = SlotTable<Waiting>()
        var writer: RecordWriter
        let codec = WireCodec()
        var isUp = true
        /// Why nothing is published any more, if libnats gave up the connection.
        var closure: (any Error)?
        var finished: [Finished] = []
        var sweep: LoopTimer?
        var client = 0
    }
    private struct Waiting {
        var continuation: UnsafeContinuation<Answer, any Error>
        var due: UInt64
    }
    /// What is resumed when the lock is free again.
    private enum Finished {
        case call(UnsafeContinuation<[PublishResult], any Error>, Result<[PublishResult], any Error>)
        case request(UnsafeContinuation<Answer, any Error>, Result<Answer, any Error>)

        func resume() {
            switch self {
            case .call(let continuation, let result): continuation.resume(with: result)
            case .request(let continuation, let result): continuation.resume(with: result)
            }
        }
    }

    /// How soon what met nobody is sent again, in nanoseconds.
    static let unheardWait: UInt64 = 250_000_000

    let link: Link
    private let inbox: String
    private let replyInbox: String
    private let state: Mutex<State>
    private let ending: @Sendable (String) -> any Error

    /// - Parameter ending: What callers are told when libnats gives up the connection for a reason.
    init(ready: Ready, link: Link, ending: @escaping @Sendable (String) -> any Error) throws {
        self.link = link
        self.ending = ending
        inbox = "\(link.inbox).p"
        replyInbox = "\(link.inbox).r"
        state = Mutex(State(writer: RecordWriter(ready: ready, inbox: inbox)))
        let client = link.add(self)
        guard link.subscribe("\(inbox).*", client: client, source: 0), link.subscribe("\(replyInbox).*", client: client, source: 1) else {
            throw BrokerError(.unavailable, "the connection to NATS ended while it was set up", isRetriable: true)
        }
        let sweep = LoopTimer { [weak self] in self?.lookAround() }
        state.withLock {
            $0.client = client
            $0.sweep = sweep
        }
    }

    // MARK: Callers

    func publish(_ commands: [Envelope]) async throws -> [PublishResult] {
        if commands.isEmpty { return [] }
        let call = Call(count: commands.count)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                change { state in
                    if call.isCancelled {
                        state.finished.append(.call(continuation, .failure(Self.cancelled)))
                        return
                    }
                    call.continuation = continuation
                    for index in commands.indices {
                        state.lanes.add(Entry(owner: .call(call, index: index), command: commands[index]), to: commands[index].stream)
                    }
                }
            }
        } onCancel: {
            change { state in
                call.isCancelled = true
                guard let continuation = call.continuation.take() else { return }
                state.finished.append(.call(continuation, .failure(Self.cancelled)))
            }
        }
    }

    func request(_ command: Envelope, within limit: Duration) async throws -> Answer {
        let due = MonotonicTime.now &+ UInt64(max(0, limit.nanoseconds))
        let number = Mutex<UInt64?>(nil)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                change { state in
                    let reply = state.replies.insert(Waiting(continuation: continuation, due: due))
                    number.withLock { $0 = reply }
                    var command = command
                    command.replyTo = "\(replyInbox).\(reply)"
                    state.lanes.add(Entry(owner: .request(reply), command: command), to: command.stream)
                }
                // Cancelled before it had a number.
                if Task.isCancelled { end(number, with: Self.cancelled) }
            }
        } onCancel: {
            end(number, with: Self.cancelled)
        }
    }

    private func end(_ number: borrowing Mutex<UInt64?>, with error: BrokerError) {
        guard let number = number.withLock({ $0 }) else { return }
        change { state in
            guard let waiting = state.replies.remove(number) else { return }
            state.finished.append(.request(waiting.continuation, .failure(error)))
        }
    }

    private static var cancelled: BrokerError {
        BrokerError(.cancelled, "publishing was cancelled: what was not answered may be stored all the same", isRetriable: true)
    }

    // MARK: The lock

    /// Changes the state, sends what may be sent, and resumes outside the lock whoever has finished.
    private func change(_ body: (inout State) -> Void) {
        let (finished, sweep) = state.withLock { state -> ([Finished], LoopTimer?) in
            body(&state)
            sendReady(&state)
            defer { state.finished = [] }
            return (state.finished, state.inFlight.count > 0 || state.replies.count > 0 ? state.sweep : nil)
        }
        if let sweep { link.loop.armIfIdle(sweep, at: MonotonicTime.now &+ 20_000_000) }
        for item in finished { item.resume() }
    }

    private func sendReady(_ state: inout State) {
        if let closure = state.closure { return fail(closure, &state) }
        while state.isUp, let entry = state.lanes.next() {
            if isGivenUp(entry, state) {
                state.lanes.finished(entry.command.stream)
            } else {
                send(entry, &state)
            }
        }
    }

    /// Ends all that waits, and what comes later.
    private func fail(_ error: any Error, _ state: inout State) {
        for number in state.inFlight.numbers(where: { _ in true }) {
            if let sent = state.inFlight.remove(number) { fail(sent.entry, error, &state) }
        }
        while let entry = state.lanes.next() { fail(entry, error, &state) }
        for number in state.replies.numbers(where: { _ in true }) {
            if let waiting = state.replies.remove(number) { state.finished.append(.request(waiting.continuation, .failure(error))) }
        }
    }

    private func fail(_ entry: Entry, _ error: any Error, _ state: inout State) {
        state.lanes.finished(entry.command.stream)
        // The replies of requests are ended by themselves.
        guard case .call(let call, _) = entry.owner, let continuation = call.continuation.take() else { return }
        state.finished.append(.call(continuation, .failure(error)))
    }

    private func isGivenUp(_ entry: Entry, _ state: State) -> Bool {
        switch entry.owner {
        case .call(let call, _): call.isCancelled
        case .request(let number): state.replies[number] == nil
        }
    }

    private func send(_ entry: Entry, _ state: inout State) {
        var entry = entry
        entry.attempts += 1
        let wait = min(UInt64(2_000_000_000) << UInt64(min(entry.attempts - 1, 3)), 10_000_000_000)
        let number = state.inFlight.insert(InFlight(entry: entry, due: MonotonicTime.now &+ wait))
        if case .refused(let reason) = state.writer.send(command: entry.command, number: number, on: link) {
            _ = state.inFlight.remove(number)
            finish(entry, .refused(reason: reason), &state)
        }
    }

    private func finish(_ entry: Entry, _ result: PublishResult, _ state: inout State) {
        state.lanes.finished(entry.command.stream)
        switch entry.owner {
        case .call(let call, let index):
            call.results[index] = result
            call.left -= 1
            guard call.left == 0, let continuation = call.continuation.take() else { return }
            state.finished.append(.call(continuation, .success(call.results.map { $0! })))
        case .request(let number):
            guard case .refused(let reason) = result, let waiting = state.replies.remove(number) else { return }
            state.finished.append(.request(waiting.continuation, .failure(BrokerError(.refused, reason))))
        }
    }

    // MARK: The loop

    func arrived(_ arrivals: inout [Arrival]) {
        let batch = arrivals
        change { state in
            for arrival in batch {
                if arrival.source == 1 { takeReply(arrival, &state) } else { takeAnswer(arrival, &state) }
                Library.destroy(arrival.message)
            }
        }
        arrivals.removeAll(keepingCapacity: true)
    }

    private func takeAnswer(_ arrival: Arrival, _ state: inout State) {
        guard let number = arrival.number(after: inbox.utf8.count + 1), let sent = state.inFlight[number] else { return }
        switch PublishAnswer(arrival.body) {
        case .stored(let sequence, _):
            _ = state.inFlight.remove(number)
            finish(sent.entry, .stored(Position(sequence)), &state)
        case .failed(let error) where error.errorCode == APIError.messageExceedsMaximum:
            _ = state.inFlight.remove(number)
            finish(
                sent.entry,
                .refused(
                    reason:
                        "the stream refuses the command '\(sent.entry.command.payload.name)' (\(error)): send less, or raise the stream's max_msg_size"
                ), &state)
        case .failed, .noResponders, .unreadable:
            // Nothing is stored for now: later it may be.
            state.inFlight[number]?.due = MonotonicTime.now &+ min(UInt64(100_000_000) << UInt64(min(sent.entry.attempts, 5)), 2_000_000_000)
        }
    }

    private func takeReply(_ arrival: Arrival, _ state: inout State) {
        guard let number = arrival.number(after: replyInbox.utf8.count + 1), state.replies[number] != nil else { return }
        // Whoever knows the inbox can write to it: what is no answer is passed over.
        guard let answer = try? state.codec.decodeAnswer(arrival.body), let waiting = state.replies.remove(number) else { return }
        state.finished.append(.request(waiting.continuation, .success(answer)))
    }

    func changed(_ change: LinkChange) {
        self.change { state in
            switch change {
            case .lost: state.isUp = false
            case .unheard:
                let soon = MonotonicTime.now &+ Self.unheardWait
                for number in state.inFlight.numbers(where: { $0.due > soon }) {
                    state.inFlight[number]!.due = soon
                    state.inFlight[number]!.entry.attempts = 0
                }
            case .closed(let reason):
                state.isUp = false
                state.closure = ending(reason)
            case .restored:
                state.isUp = true
                for number in state.inFlight.numbers(where: { _ in true }) { state.inFlight[number]?.due = 0 }
                resend(&state)
            }
        }
    }

    private func lookAround() {
        change { state in
            let now = MonotonicTime.now
            for number in state.replies.numbers(where: { $0.due <= now }) {
                guard let waiting = state.replies.remove(number) else { continue }
                state.finished.append(
                    .request(
                        waiting.continuation, .failure(BrokerError(.deadlineExceeded, "no answer came within the time limit", isRetriable: true))))
            }
            if state.isUp { resend(&state) }
        }
    }

    private func resend(_ state: inout State) {
        let now = MonotonicTime.now
        for number in state.inFlight.numbers(where: { $0.due <= now }) {
            guard let sent = state.inFlight.remove(number) else { continue }
            if isGivenUp(sent.entry, state) {
                state.lanes.finished(sent.entry.command.stream)
            } else {
                send(sent.entry, &state)
            }
        }
    }
}
#endif

#if NATS
import CNATS
import EventHorizon
import EventHorizonBridge
import Synchronization

/// Requests with answers, for what is not hot: set-up, topology, purges. Any number side by side.
final class Requests: LinkClient, Sendable {
    enum Answer: Sendable {
        case body([UInt8])
        case noResponders
        /// Nothing came in time, or the connection was lost meanwhile.
        case none
    }
    private struct Pending {
        var continuation: UnsafeContinuation<Answer, Never>
        var due: UInt64
    }
    private struct State {
        var pending = SlotTable<Pending>()
        var number = 0
        var sweep: LoopTimer?
    }
    let link: Link
    private let inbox: String
    private let state = Mutex(State())

    init(link: Link) throws {
        self.link = link
        inbox = "\(link.inbox).c"
        let number = link.add(self)
        state.withLock { $0.number = number }
        guard link.subscribe("\(inbox).*", client: number, source: 0) else {
            throw BrokerError(.unavailable, "the connection to NATS ended while it was set up", isRetriable: true)
        }
        let sweep = LoopTimer { [weak self] in self?.giveUp(dueBy: MonotonicTime.now) }
        state.withLock { $0.sweep = sweep }
    }

    func request(_ subject: String, _ body: String = "", within limit: Duration = .seconds(5)) async -> Answer {
        await request(subject, block: [UInt8](body.utf8), headers: 0, within: limit)
    }

    func request(_ subject: String, block: [UInt8], headers: Int, within limit: Duration = .seconds(5)) async -> Answer {
        await withUnsafeContinuation { continuation in
            let due = MonotonicTime.now &+ UInt64(max(0, limit.nanoseconds))
            let (number, sweep) = state.withLock { ($0.pending.insert(Pending(continuation: continuation, due: due)), $0.sweep) }
            link.publish(subject: [UInt8](subject.utf8) + [0], reply: [UInt8]("\(inbox).\(number)".utf8) + [0], block: block, headers: headers)
            // A closed link's loop never sweeps; one that is only lost gives up here when it is restored.
            if link.isClosed {
                state.withLock { $0.pending.remove(number) }?.continuation.resume(returning: .none)
                return
            }
            // Earlier ones stay due: the sweep arms itself again for what is left.
            if let sweep { link.loop.arm(sweep, at: MonotonicTime.now &+ 50_000_000) }
        }
    }

    func arrived(_ arrivals: inout [Arrival]) {
        for arrival in arrivals {
            defer { Library.destroy(arrival.message) }
            guard let number = arrival.number(after: inbox.utf8.count + 1), let pending = state.withLock({ $0.pending.remove(number) }) else {
                continue
            }
            pending.continuation.resume(returning: arrival.body.isEmpty ? .noResponders : .body([UInt8](arrival.body)))
        }
        arrivals.removeAll(keepingCapacity: true)
    }

    func changed(_ change: LinkChange) {
        // The answer went to the old connection, or there is none to come.
        giveUp(dueBy: .max, change == .unheard ? .noResponders : .none)
    }

    private func giveUp(dueBy due: UInt64, _ answer: Answer = .none) {
        let (ended, isLeft) = state.withLock { state in
            (state.pending.numbers(where: { $0.due <= due }).compactMap { state.pending.remove($0) }, state.pending.count > 0)
        }
        for pending in ended { pending.continuation.resume(returning: answer) }
        if isLeft, let sweep = state.withLock({ $0.sweep }) { link.loop.arm(sweep, at: MonotonicTime.now &+ 50_000_000) }
    }
}

extension Arrival {
    var subject: UnsafePointer<CChar> { natsMsg_GetSubject(message) }

    var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: natsMsg_GetData(message), count: Int(natsMsg_GetDataLength(message)))
    }

    /// The decimal number that the subject ends with.
    @inline(__always)
    func number(after prefix: Int) -> UInt64? {
        var at = subject + prefix
        guard at.pointee != 0 else { return nil }
        var number: UInt64 = 0
        while at.pointee != 0 {
            let digit = UInt8(bitPattern: at.pointee) &- 48
            if digit > 9 { return nil }
            number = number &* 10 &+ UInt64(digit)
            at += 1
        }
        return number
    }

    func header(_ name: String) -> String? {
        var value: UnsafePointer<CChar>?
        guard natsMsgHeader_Get(message, name, &value) == NATS_OK, let value else { return nil }
        return String(cString: value)
    }
}
#endif

#if NATS
/// The state of one pull consumer without acknowledgements: what was asked for, what came, and whether it is still alive. No IO.
///
/// An expired or deleted consumer is silent, and a lost message shows only as a gap in the consumer's own sequence: so whoever reads must count,
/// and must miss heartbeats.
struct PullReader {
    enum Phase: Equatable {
        /// To be created at this time.
        case waiting(until: UInt64)
        /// The request for the consumer is unanswered.
        case creating(since: UInt64)
        case reading
    }
    struct Ask: Equatable {
        var batch: Int
        var bytes: Int
    }
    enum Status: Equatable {
        case fine
        /// The consumer is of no use any more.
        case restart(reason: String)
    }

    /// In nanoseconds. A request that expires must live at least twice the heartbeat.
    static let heartbeat: UInt64 = 1_000_000_000
    static let expiry: UInt64 = 30_000_000_000
    static let silence: UInt64 = 3_000_000_000

    /// How many messages, and bytes, may be asked for or unfinished at once.
    let window: Int
    let byteWindow: Int
    /// A request for fewer bytes than the largest message would be refused for ever.
    let largestMessage: Int

    private(set) var phase: Phase
    private(set) var consumer = ""
    private var consumerSequence: UInt64 = 0
    private(set) var requested = 0
    private var heardAt: UInt64 = 0
    private var failures = 0
    private var sizes = FIFO<Int>()
    private var unfinishedBytes = 0

    init(window: Int, byteWindow: Int, largestMessage: Int, now: UInt64) {
        self.window = max(2, window)
        self.byteWindow = byteWindow
        self.largestMessage = largestMessage
        phase = .waiting(until: now)
    }

    var unfinished: Int { sizes.count }

    mutating func creating(at now: UInt64) { phase = .creating(since: now) }

    mutating func created(_ name: String, at now: UInt64) {
        consumer = name
        consumerSequence = 0
        requested = 0
        heardAt = now
        phase = .reading
    }

    /// The consumer is given up; a new one is made after a wait that grows while nothing is heard.
    mutating func restart(at now: UInt64) {
        let wait = failures == 0 ? 0 : min(UInt64(50_000_000) << UInt64(min(failures - 1, 6)), 2_000_000_000)
        failures += 1
        consumer = ""
        requested = 0
        phase = .waiting(until: now &+ wait)
    }

    /// What to ask for now: half a window a time, so that two requests overlap.
    mutating func nextAsk() -> Ask? {
        let half = window / 2
        guard phase == .reading, requested + sizes.count <= window - half, requested <= half, unfinishedBytes <= byteWindow / 2 else { return nil }
        requested += half
        return Ask(batch: half, bytes: max(byteWindow / 2, largestMessage))
    }

    /// A message with this consumer sequence has come; false where one before it is missing.
    @inline(__always)
    mutating func receive(_ sequence: UInt64, at now: UInt64) -> Bool {
        heardAt = now
        guard sequence == consumerSequence &+ 1 else { return false }
        consumerSequence = sequence
        requested -= requested > 0 ? 1 : 0
        failures = 0
        return true
    }

    /// A delivery was handed on: it counts until it is finished.
    @inline(__always)
    mutating func deliver(bytes: Int) {
        sizes.append(bytes)
        unfinishedBytes += bytes
    }

    mutating func finish(_ count: Int) {
        for _ in 0..<count {
            guard let bytes = sizes.popFirst() else { return }
            unfinishedBytes -= bytes
        }
    }

    /// A message without a stream position: what became of a request, or a heartbeat.
    /// - Parameters:
    ///   - pending: How many of the request's messages will not come.
    ///   - last: The consumer's last sequence, with a heartbeat.
    mutating func status(_ code: Int, _ text: String, pending: Int?, last: UInt64?, at now: UInt64) -> Status {
        heardAt = now
        switch code {
        case 100:
            failures = 0
            if let last, last > consumerSequence {
                return .restart(reason: "messages \(consumerSequence + 1) to \(last) of the consumer did not arrive")
            }
            return .fine
        case 404, 408:
            requested = max(0, requested - (pending ?? requested))
            return .fine
        case 409 where text.contains("MaxBytes"):
            requested = max(0, requested - (pending ?? requested))
            return .fine
        default:
            return .restart(reason: code == 503 ? "the consumer is gone" : "\(code) \(text)")
        }
    }

    /// Why the reader counts as dead; nil while it does not. A reader that has asked for nothing is sent nothing.
    func silence(at now: UInt64) -> String? {
        switch phase {
        case .reading where requested > 0 && now > heardAt &+ Self.silence: "nothing was heard for \((now - heardAt) / 1_000_000) ms"
        case .creating(let since) where now > since &+ Self.silence: "the request for a consumer was not answered"
        default: nil
        }
    }

    /// When `silence` is to be asked, or a consumer is due, next. While the connection is down nothing is: what is due then would stay due.
    func nextCheck(isUp: Bool) -> UInt64? {
        guard isUp else { return nil }
        return switch phase {
        case .waiting(let until): until
        case .creating(let since): since &+ Self.silence &+ 1_000_000
        case .reading: requested > 0 ? heardAt &+ Self.silence &+ 1_000_000 : nil
        }
    }
}

/// First in, first out, in storage that is reused.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    init() {}

    var count: Int { elements.count - head }
    var isEmpty: Bool { count == 0 }

    @inline(__always)
    mutating func append(_ element: Element) { elements.append(element) }

    @inline(__always)
    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head].take()
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll() {
        elements.removeAll()
        head = 0
    }
}
#endif

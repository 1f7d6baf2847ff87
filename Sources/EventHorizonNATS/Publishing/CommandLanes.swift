#if NATS
import EventHorizon

/// Commands on their way to the log: of one stream at most one is unanswered, or a refusal in the middle would reorder; different streams go side by
/// side, up to a window. No IO.
struct CommandLanes<Entry> {
    private let window: Int
    /// Streams with an unanswered or ready command; the value is what waits behind it.
    private var lanes: [StreamID: FIFO<Entry>] = [:]
    private var ready = FIFO<Entry>()
    private(set) var inFlight = 0

    init(window: Int) { self.window = window }

    var isEmpty: Bool { lanes.isEmpty }

    mutating func add(_ entry: Entry, to stream: StreamID) {
        if lanes[stream] == nil {
            lanes[stream] = FIFO()
            ready.append(entry)
        } else {
            lanes[stream]!.append(entry)
        }
    }

    /// The next to send; nil when there is none or the window is full.
    mutating func next() -> Entry? {
        guard inFlight < window, let entry = ready.popFirst() else { return nil }
        inFlight += 1
        return entry
    }

    /// What `next` gave for this stream is answered, refused or given up.
    mutating func finished(_ stream: StreamID) {
        inFlight -= 1
        if let entry = lanes[stream]!.popFirst() {
            ready.append(entry)
        } else {
            lanes[stream] = nil
        }
    }
}
#endif

#if Kafka
import EventHorizon

/// Commands on their way to the log: of one stream at most one is unanswered, or a refusal in the middle would reorder; different streams go side by
/// side, up to a window. No IO.
struct CommandLanes<Entry> {
    private let window: Int
    /// What waits behind the unanswered command of a stream, the next one last.
    private var waiting: [StreamID: [Entry]] = [:]
    private var ready: [(stream: StreamID, entry: Entry)] = []
    private var next = 0
    private(set) var unanswered = 0

    init(window: Int) { self.window = window }

    mutating func add(_ entry: Entry, to stream: StreamID) {
        if waiting[stream] == nil {
            waiting[stream] = []
            ready.append((stream, entry))
        } else {
            waiting[stream]!.insert(entry, at: 0)
        }
    }

    /// The next to send; nil when there is none or the window is full.
    mutating func popNext() -> (stream: StreamID, entry: Entry)? {
        guard unanswered < window, next < ready.count else { return nil }
        defer {
            next += 1
            if next == ready.count {
                ready.removeAll(keepingCapacity: true)
                next = 0
            }
        }
        unanswered += 1
        return ready[next]
    }

    /// What `popNext` gave could not be sent for now: it is the first of its stream again.
    mutating func returned(_ stream: StreamID, _ entry: Entry) {
        unanswered -= 1
        ready.append((stream, entry))
    }

    /// What `popNext` gave for this stream is answered, refused or given up.
    mutating func finished(_ stream: StreamID) {
        unanswered -= 1
        guard let entry = waiting[stream]?.popLast() else {
            waiting[stream] = nil
            return
        }
        ready.append((stream, entry))
    }
}
#endif

#if NATS
/// Loads on their way: so many read at once, the rest wait in order. No IO.
///
/// What the unfinished ones have read is limited too: beyond the limit no other begins and all but one pause, which reads on to its end, however long its
/// stream is. So a member holds at most `byteWindow`, one message for each that reads, and one stream.
struct LoadLanes<Entry> {
    private let window: Int
    private let byteWindow: Int
    private var waiting = FIFO<Entry>()
    private var paused = FIFO<Entry>()
    private var reading = 0
    private var bytes = 0

    init(window: Int, byteWindow: Int) {
        self.window = window
        self.byteWindow = byteWindow
    }

    mutating func add(_ entry: Entry) { waiting.append(entry) }

    /// The next to read, or to read on; nil when there is none or the windows are full.
    mutating func next() -> Entry? {
        guard reading == 0 || bytes < byteWindow else { return nil }
        if let entry = paused.popFirst() {
            reading += 1
            return entry
        }
        guard reading < window, let entry = waiting.popFirst() else { return nil }
        reading += 1
        return entry
    }

    /// One that reads has so much more.
    mutating func took(bytes count: Int) { bytes += count }

    /// Whether one that reads has to stop for now.
    var mustPause: Bool { bytes >= byteWindow && reading > 1 }

    mutating func pause(_ entry: Entry) {
        reading -= 1
        paused.append(entry)
    }

    /// What `next` gave is read or given up.
    /// - Parameter count: What it has read in all.
    mutating func finished(bytes count: Int) {
        reading -= 1
        bytes -= count
    }
}
#endif

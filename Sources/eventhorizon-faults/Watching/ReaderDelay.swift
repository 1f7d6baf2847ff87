import EventHorizon

/// How long records lie in a log before readers of what is committed have them: a transaction that its producer left open hides all that follows it.
/// No IO.
struct ReaderDelay {
    private struct Part: Hashable {
        var log: Log
        var number: Int
    }
    private struct Waiting {
        var end: Position
        var since: Duration
    }
    struct Longest: Equatable {
        var duration = Duration.zero
        var log: Log?
        var partition = 0
        var until = Duration.zero
    }

    private var waiting: [Part: Waiting] = [:]
    private(set) var longest = Longest()

    /// - Parameters:
    ///   - ends: by partition, open transactions included.
    ///   - reached: how far a reader of what is committed is. Asked for after the ends were.
    mutating func look(_ ends: [Int: Position], reached: [Int: Position], of log: Log, at now: Duration) {
        for (number, end) in ends {
            let part = Part(log: log, number: number)
            let position = reached[number] ?? .start
            if let known = waiting[part] {
                if now - known.since > longest.duration { longest = Longest(duration: now - known.since, log: log, partition: number, until: now) }
                waiting[part] = position >= known.end ? nil : known
            }
            if waiting[part] == nil, position < end { waiting[part] = Waiting(end: end, since: now) }
        }
    }

    /// The server is away: what waits begins anew.
    mutating func excuse(at now: Duration) {
        for part in waiting.keys { waiting[part]!.since = now }
    }
}

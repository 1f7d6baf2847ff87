#if NATS
import EventHorizon

/// Decides what of a group's commands is removed next: what lies below its recorded progress, in small slices, one at a time, and at most a twentieth of
/// the time, because a server may stop every publish for as long as a purge takes. No IO.
struct Trimmer {
    enum Step: Equatable {
        /// Find the first message of this category in the partition.
        case find(partition: Int, category: Int)
        /// Remove its messages before this sequence.
        case purge(partition: Int, category: Int, before: UInt64)
    }
    private struct Lane {
        /// Everything up to here may go.
        var settled: UInt64 = 0
        /// Nothing from here on may go: a dead letter refers to it.
        var kept: UInt64 = .max
        /// Nothing is left below.
        var trimmed: [UInt64]
    }

    static let slice: UInt64 = 100
    static let pause: UInt64 = 100_000_000

    private let categories: Int
    private var lanes: [Int: Lane] = [:]
    private var step: Step?
    private var startedAt: UInt64 = 0
    private var restsUntil: UInt64 = 0
    /// How many sequences a slice spans: partitions and categories share them, so that a slice of few messages may span many.
    private var span = Self.slice
    private var turn = 0

    init(categories: Int) { self.categories = categories }

    mutating func settled(partition: Int, position: Position) {
        lanes[partition, default: Lane(trimmed: Array(repeating: 0, count: categories))].settled = position.rawValue
    }

    mutating func keep(partition: Int, from position: Position) {
        let kept = lanes[partition]?.kept ?? .max
        lanes[partition, default: Lane(trimmed: Array(repeating: 0, count: categories))].kept = min(kept, position.rawValue)
    }

    /// The partition is another's now.
    mutating func forget(partition: Int) { lanes[partition]?.settled = 0 }

    /// What to do now; nil while a step is under way, a rest is due, or nothing is left.
    mutating func next(at now: UInt64) -> Step? {
        guard step == nil, now >= restsUntil, let (partition, category) = pick() else { return nil }
        step = .find(partition: partition, category: category)
        startedAt = now
        return step
    }

    /// When to ask again; nil for when something changes.
    var nextDue: UInt64? { step == nil && hasWork ? restsUntil : nil }

    private var hasWork: Bool { lanes.values.contains { lane in lane.trimmed.contains { $0 < Self.end(lane) } } }

    /// In turn, so that one partition cannot keep the others waiting.
    private mutating func pick() -> (Int, Int)? {
        let work = lanes.sorted { $0.key < $1.key }.flatMap { partition, lane in
            (0..<categories).filter { lane.trimmed[$0] < Self.end(lane) }.map { (partition, $0) }
        }
        guard !work.isEmpty else { return nil }
        turn += 1
        return work[turn % work.count]
    }

    /// The first sequence that must stay.
    private static func end(_ lane: Lane) -> UInt64 { min(lane.settled &+ 1, lane.kept) }

    /// - Parameter first: Of the messages of the category in the partition; nil where there is none.
    mutating func found(_ first: UInt64?, at now: UInt64) -> Step? {
        guard case .find(let partition, let category)? = step, let lane = lanes[partition] else {
            rest(at: now)
            return nil
        }
        let end = Self.end(lane)
        guard let first, first < end else {
            lanes[partition]!.trimmed[category] = end
            rest(at: now)
            return nil
        }
        step = .purge(partition: partition, category: category, before: min(end, first &+ span))
        startedAt = now
        return step
    }

    mutating func purged(_ count: UInt64, at now: UInt64) {
        if count * 2 < Self.slice {
            span = min(span * 2, Self.slice * 1024)
        } else if count > Self.slice * 4 / 5 {
            span = max(span / 2, Self.slice)
        }
        rest(at: now)
    }

    /// The step was not answered, or refused.
    mutating func failed(at now: UInt64) {
        rest(at: now)
        restsUntil = now &+ 5_000_000_000
    }

    private mutating func rest(at now: UInt64) {
        let took = now &- startedAt
        step = nil
        restsUntil = now &+ max(Self.pause, took * 19)
    }
}
#endif

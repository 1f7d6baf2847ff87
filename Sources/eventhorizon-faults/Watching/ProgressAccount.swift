/// For how long lanes with work stand still, and which faults are to blame: only that counts for which there is no excuse. No IO.
///
/// A server that is away, or a slow one, excuses every lane. A worker that has gone silent (killed, stopped, cut off) excuses the lanes that it holds, for
/// a lease: then another has to have taken over. What nobody holds, because it was just given up for others, waits for any silent worker of its kind: it may
/// be meant for that one. A worker that is slow excuses its lanes for as long. Where a kind has no worker left that could take
/// over, its lanes are excused. An excuse sets the clock back: from its end on, what it left is to be done.
struct ProgressAccount {
    enum Target: Hashable {
        case everything
        case worker(String)
    }

    /// What stands still, and since when.
    struct Stop: Equatable {
        var duration = Duration.zero
        var lane: Lane?
        var until = Duration.zero
    }

    private struct Fault {
        var kind: FaultKind
        var target: Target
        var isSilent: Bool
        var since: Duration
        /// Of a silent one: when its lease has run out.
        var excusesUntil: Duration
        var isOver = false
    }

    private struct Standing {
        var unexcused = Duration.zero
        var since: Duration
        var kinds: Set<FaultKind> = []
    }

    let lease: Duration
    private var faults: [Int: Fault] = [:]
    private var faultsMade = 0
    private var standing: [Lane: Standing] = [:]
    private var owners: [Lane: String] = [:]
    /// Workers that could serve, each since when.
    private var kinds: [String: WorkerKind] = [:]
    private var serving: [String: (kind: WorkerKind, since: Duration)] = [:]
    private var lastLook = Duration.zero

    /// The longest that a lane with work stood still without an excuse.
    private(set) var longest = Stop()
    /// The longest stops, excused or not, by the kinds of faults that met the lane meanwhile. Nil: none did.
    private(set) var longestByKind: [FaultKind?: Stop] = [:]
    /// Of all lanes with work, added up: how long they were watched, and how much of it without an excuse.
    private(set) var watched = Duration.zero
    private(set) var unexcused = Duration.zero

    /// How long a worker may take to begin, in a kind where nobody else serves.
    static let warmUp = Duration.seconds(2)

    init(lease: Duration) { self.lease = lease }

    // MARK: What happens

    mutating func begin(_ kind: FaultKind, _ target: Target, isSilent: Bool, at now: Duration) -> Int {
        look(at: now)
        faultsMade += 1
        faults[faultsMade] = Fault(kind: kind, target: target, isSilent: isSilent, since: now, excusesUntil: now + lease)
        return faultsMade
    }

    mutating func end(_ fault: Int, at now: Duration) {
        look(at: now)
        guard let ended = faults[fault] else { return }
        if ended.target == .everything {
            faults[fault] = nil
            // Only time with a server counts for a lease: those that ran when it went, or began meanwhile, begin again.
            for (number, other) in faults where other.isSilent && other.target != .everything && other.excusesUntil > ended.since {
                faults[number]?.excusesUntil = now + lease
            }
        } else {
            faults[fault]?.isOver = true
            // Forgotten when it excuses nothing any more.
            if !ended.isSilent { faults[fault] = nil }
        }
    }

    mutating func serves(_ worker: String, _ kind: WorkerKind, at now: Duration) {
        look(at: now)
        serving[worker] = (kind, now)
        kinds[worker] = kind
    }

    mutating func servesNoMore(_ worker: String, at now: Duration) {
        look(at: now)
        serving[worker] = nil
    }

    mutating func claims(_ lane: Lane, _ worker: String) { owners[lane] = worker }

    /// It gave the lane up, or lost it.
    mutating func leaves(_ lane: Lane, _ worker: String) {
        if owners[lane] == worker { owners[lane] = nil }
    }

    /// - Parameters:
    ///   - hasWork: Whether something waits.
    ///   - settled: Whether something of it was settled since.
    mutating func update(_ lane: Lane, hasWork: Bool, settled: Bool, at now: Duration) {
        look(at: now)
        if !hasWork {
            standing[lane] = nil
        } else if settled || standing[lane] == nil {
            standing[lane] = Standing(since: now)
        }
    }

    /// Whether something is wrong that meets everybody.
    var isExcusedForAll: Bool { faults.values.contains { $0.target == .everything } }

    // MARK: Looking

    mutating func look(at now: Duration) {
        let passed = now - lastLook
        guard passed > .zero else { return }
        lastLook = now
        if !isExcusedForAll { faults = faults.filter { _, fault in !fault.isOver || fault.excusesUntil > now } }
        for lane in standing.keys {
            guard var stop = standing[lane] else { continue }
            let excuses = excuses(of: lane, at: now)
            stop.kinds.formUnion(excuses.kinds)
            watched += passed
            if excuses.isExcused {
                stop.unexcused = .zero
            } else {
                unexcused += passed
                stop.unexcused += passed
                if stop.unexcused > longest.duration { longest = Stop(duration: stop.unexcused, lane: lane, until: now) }
            }
            let whole = Stop(duration: now - stop.since, lane: lane, until: now)
            for kind in stop.kinds.isEmpty ? [nil] : stop.kinds.map(Optional.some) where whole.duration > longestByKind[kind]?.duration ?? .zero {
                longestByKind[kind] = whole
            }
            standing[lane] = stop
        }
    }

    private func excuses(of lane: Lane, at now: Duration) -> (isExcused: Bool, kinds: Set<FaultKind>) {
        var kinds: Set<FaultKind> = []
        var isExcused = false
        for fault in faults.values {
            switch fault.target {
            case .everything:
                isExcused = true
                kinds.insert(fault.kind)
            case .worker(let name) where owners[lane] == name || (owners[lane] == nil && self.kinds[name] == lane.group.kind):
                kinds.insert(fault.kind)
                if !fault.isSilent || now < fault.excusesUntil { isExcused = true }
            case .worker: break
            }
        }
        let canServe = serving.contains { worker, state in
            state.kind == lane.group.kind && now - state.since > Self.warmUp
                && !faults.values.contains { $0.target == .worker(worker) && !$0.isOver }
        }
        return (isExcused || !canServe, kinds)
    }
}

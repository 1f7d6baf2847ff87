import EventHorizon
import EventHorizonHistory

/// The table at a run's end, and what was violated.
struct RunReport {
    private let seed: UInt64
    private let history: History
    private let violations: [Violation]
    private var rows: [(name: String, value: String)]

    init(seed: UInt64, history: History, sent: SentLog, violations: [Violation]) {
        self.seed = seed
        self.history = history
        self.violations = violations
        let counts = sent.counts
        let ofClients = Set(history.sent.map(\.id))
        let decided = history.events.flatMap(\.commit.decided)
        rows = [
            ("commands sent", "\(counts.commands), with repeats \(counts.sends)"),
            ("acknowledged", "\(counts.acknowledged)"),
            ("outcomes", "\(decided.count { ofClients.contains($0.id) }), with the saga's \(decided.count)"),
            (
                "accepted, rejected, dead",
                "\(decided.count { if case .accepted = $0.outcome { true } else { false } }), "
                    + "\(decided.count { if case .rejected = $0.outcome { true } else { false } }), "
                    + "\(decided.count { if case .deadLettered = $0.outcome { true } else { false } })"
            ),
            ("answers checked", "\(history.sent.reduce(0) { $0 + $1.told.count })"),
            ("records of commands", "\(history.commands.count), of \(Set(history.commands.map(\.envelope.id)).count) commands"),
            ("commits, events", "\(history.events.count), \(history.events.reduce(0) { $0 + $1.commit.events.count })"),
        ]
    }

    mutating func add(_ name: String, _ value: String) { rows.append((name, value)) }

    mutating func add(kills fleet: WorkerFleet) async {
        for kind in WorkerKind.allCases {
            guard let kills = await fleet.kills[kind] else { continue }
            var steps: [String] = []
            for step in kind.steps { steps.append("\(step) \(await fleet.hits(kind, step))") }
            add("kills of \(kind.rawValue)", "\(kills), of them \(steps.joined(separator: ", "))")
        }
    }

    mutating func add(_ account: ProgressAccount) {
        func text(_ stop: ProgressAccount.Stop) -> String {
            "\(RunClock.text(stop.duration)) s\(stop.lane.map { ", \($0), until \(RunClock.text(stop.until)) s" } ?? "")"
        }
        add("longest stop of progress", text(account.longest))
        for kind in FaultKind.allCases {
            if let stop = account.longestByKind[kind] { add("  while it lasted, \(kind.rawValue)", text(stop)) }
        }
        let share = account.watched > .zero ? Int(account.unexcused / account.watched * 100) : 100
        add("time under watch", "\(RunClock.text(account.watched)) s of partitions with work, \(share) % of it without an excuse")
    }

    func write(to journal: Journal) {
        let rows = rows + [("violations", "\(violations.count)")]
        journal.write("")
        let width = rows.map { $0.name.count }.max() ?? 0
        for row in rows { journal.write("  " + row.name + String(repeating: " ", count: width - row.name.count) + "  " + row.value) }
        journal.write("")
        guard !violations.isEmpty else { return }
        var described: Set<StreamID> = []
        for violation in violations.prefix(40) {
            journal.write("VIOLATION (seed \(seed)) \(violation)")
            if let stream = violation.stream, described.count < 8, described.insert(stream).inserted { journal.write(history.describe(stream)) }
        }
        if violations.count > 40 { journal.write("... and \(violations.count - 40) more") }
        var byCheck: [Violation.Check: Int] = [:]
        for violation in violations { byCheck[violation.check, default: 0] += 1 }
        journal.write("violations by check: " + byCheck.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }
}

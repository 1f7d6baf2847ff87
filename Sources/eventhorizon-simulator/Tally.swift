import EventHorizon
import EventHorizonHistory
import EventHorizonTesting
import GuestListSimulation

/// What all seeds came to.
struct Tally {
    var seeds = 0
    var commands = 0
    var acknowledged = 0
    var repeats = 0
    var decided = 0
    var commits = 0
    var answers = 0
    var jobs = 0
    var virtualTime = Duration.zero
    var faults: [(name: String, count: Int)] = []
    var checks: [(name: String, count: Int)] = []
    var violated: [UInt64] = []

    mutating func add(_ result: SimulatedHistory) {
        seeds += 1
        commands += result.history.sent.count
        acknowledged += result.history.sent.count { $0.fate == .acknowledged }
        repeats += result.history.commands.count - Set(result.history.commands.map(\.envelope.id)).count
        decided += result.history.events.reduce(0) { $0 + $1.commit.decided.count }
        commits += result.history.events.count
        answers += result.history.sent.reduce(0) { $0 + $1.told.count }
        jobs += result.report.jobs
        virtualTime += result.report.virtualTime
        for fault in result.report.faults { Self.add(fault.count, of: fault.name, to: &faults) }
        for violation in result.violations { Self.add(1, of: violation.check.description, to: &checks) }
        if !result.violations.isEmpty { violated.append(result.report.seed) }
    }

    /// A seed that never came to an end.
    mutating func add(stalled seed: UInt64) {
        seeds += 1
        Self.add(1, of: "stalled", to: &checks)
        violated.append(seed)
    }

    private static func add(_ count: Int, of name: String, to list: inout [(name: String, count: Int)]) {
        if let index = list.firstIndex(where: { $0.name == name }) { list[index].count += count } else { list.append((name, count)) }
    }

    func table(after elapsed: Duration) -> String {
        let seconds = elapsed / .seconds(1)
        var rows = [
            ("seeds", "\(seeds), \(Int(Double(seeds) * 60 / seconds)) a minute"),
            ("commands sent", "\(commands), \(acknowledged) acknowledged"),
            ("commands decided", "\(decided) with the saga's, in \(commits) commits"),
            ("repeats in the commands log", "\(repeats)"),
            ("answers checked", "\(answers)"),
            ("virtual time", "\(Int(virtualTime / .seconds(60))) minutes, \(jobs) jobs"),
        ]
        for fault in faults.sorted(by: { $0.name < $1.name }) { rows.append((fault.name, "\(fault.count)")) }
        rows.append(("violations", checks.isEmpty ? "0" : checks.map { "\($0.name) \($0.count)" }.joined(separator: ", ")))
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { "  " + $0.0 + String(repeating: " ", count: width - $0.0.count) + "  " + $0.1 }.joined(separator: "\n")
    }
}

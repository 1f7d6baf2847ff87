import EventHorizon
import EventHorizonBridge
import EventHorizonHistory
import EventHorizonTesting
import Glibc
import GuestListSimulation
import ServerSupport
import Synchronization

@main struct Main {
    static func main() {
        let settings: Settings
        do { settings = try Settings(Array(CommandLine.arguments.dropFirst())) } catch {
            StandardError.write("eventhorizon-simulator: \(error)")
            exit(2)
        }
        if settings.isHelp { return print(Settings.help) }
        repeatable()
        // Where files cost no disk.
        if access("/dev/shm", W_OK) == 0 { setenv("TMPDIR", "/dev/shm", 0) }
        let tally = Runs(settings).run()
        exit(tally.violated.isEmpty ? 0 : 1)
    }

    /// The order of a set or a dictionary is not random in this process: it begins anew where it has to.
    private static func repeatable() {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
        setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        // Without /proc it goes on as it is.
    }
}

/// The seeds that were asked for, on as many threads.
final class Runs: Sendable {
    private struct State {
        var next: UInt64
        var tally = Tally()
        var running: Int
        var lastLine = Duration.zero
    }

    private let settings: Settings
    private let state: Mutex<State>
    private let start = ContinuousClock.now
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(_ settings: Settings) {
        self.settings = settings
        state = Mutex(State(next: settings.first, running: settings.threads))
    }

    func run() -> Tally {
        for _ in 1..<settings.threads { ForeignThread.start { self.work() } }
        work()
        while state.withLock({ $0.running > 0 }) { usleep(1_000) }
        let tally = state.withLock { $0.tally }
        if isTerminal { StandardError.write("") }
        print(tally.table(after: start.duration(to: .now)))
        let seeds = tally.violated.sorted().map(String.init).joined(separator: ", ")
        print(tally.violated.isEmpty ? "nothing was violated in \(tally.seeds) runs" : "violated with seed \(seeds)")
        return tally
    }

    private func work() {
        while let seed = next() { run(seed) }
        state.withLock { $0.running -= 1 }
    }

    private func next() -> UInt64? {
        state.withLock { state in
            guard state.next < settings.first + UInt64(settings.count), state.tally.violated.count < settings.violations else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func run(_ seed: UInt64) {
        let result: SimulatedHistory
        do {
            var trace: (@Sendable (String) -> Void)?
            if settings.traces { trace = { line in print(line) } }
            let simulation = GuestListSimulation(
                seed: seed, quirks: settings.quirks, atomicSettle: settings.atomicSettle, processes: settings.processes, trace: trace)
            result = try simulation.run()
        } catch {
            state.withLock { state in
                state.tally.add(stalled: seed)
                print("VIOLATION (seed \(seed)) \(error)")
            }
            return
        }
        state.withLock { state in
            state.tally.add(result)
            if settings.printsDigests { print("seed \(seed): \(result.digest)") }
            if !result.violations.isEmpty { print(text(result)) }
            tell(&state)
        }
    }

    private func text(_ result: SimulatedHistory) -> String {
        var lines: [String] = []
        var described: Set<StreamID> = []
        for violation in result.violations.prefix(20) {
            lines.append("VIOLATION (seed \(result.report.seed)) \(violation)")
            if let stream = violation.stream, described.count < 4, described.insert(stream).inserted { lines.append(result.history.describe(stream)) }
        }
        if result.violations.count > 20 { lines.append("... and \(result.violations.count - 20) more") }
        let faults = result.report.faults.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
        lines.append("seed \(result.report.seed) had: \(faults)")
        return lines.joined(separator: "\n")
    }

    /// A line of progress now and then: over itself on a terminal, below it elsewhere.
    private func tell(_ state: inout State) {
        let now = start.duration(to: .now)
        guard now - state.lastLine >= (isTerminal ? .milliseconds(200) : .seconds(10)) else { return }
        state.lastLine = now
        let line =
            "\(state.tally.seeds) of \(settings.count) seeds, \(state.tally.commands) commands, \(state.tally.violated.count) seeds with violations"
        let bytes = Array((isTerminal ? "\r\(line) " : "\(line)\n").utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}

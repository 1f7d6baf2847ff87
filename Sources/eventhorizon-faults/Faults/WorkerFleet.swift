import Glibc
import ServerSupport

/// The worker processes of a run: starts what dies, and knows of each end whether it was meant.
actor WorkerFleet {
    private final class Slot {
        enum State: Equatable { case running, stopped, leaving, ended }
        let name: String
        let kind: WorkerKind
        var process: ChildProcess
        var startedAt: Duration
        var state = State.running
        /// Killed by us, not at a step of its own.
        var isKilled = false
        /// The failpoint that it was started with.
        var armed: String?
        var leavesSince = Duration.zero
        /// It was cut off, or the server was away, while it drained: how it ends then is not judged.
        var isDisturbed = false
        var restartAt = Duration.zero

        init(name: String, kind: WorkerKind, process: ChildProcess, startedAt: Duration) {
            self.name = name
            self.kind = kind
            self.process = process
            self.startedAt = startedAt
        }
    }

    /// How long a worker may take to reach the step that it is to die at: it has to have partitions first.
    private static let stepTime = Duration.seconds(6)
    /// How long an undisturbed drain may take.
    static let drainLimit = Duration.seconds(5)

    private let folder: String
    private let arguments: [String]
    private let idWindow: Int
    private let programs: String
    /// Where the servers are, for workers without lines of their own.
    private let address: String
    private let network: Network?
    private let journal: Journal
    private let watch: ProgressWatch
    private var slots: [Slot] = []
    private var numbers: [WorkerKind: Int] = [:]
    private var random: SeededRandom
    private var armsFailpoints = false
    private var serversAway = 0
    /// Workers whose lines are broken, each as often as it is.
    private var broken: [String: Int] = [:]
    private(set) var kills: [WorkerKind: Int] = [:]
    private(set) var killsAtSteps: [WorkerKind: [String: Int]] = [:]
    private(set) var drains = 0
    private(set) var joins = 0
    /// Ends that nobody meant, each in a sentence with the worker's last lines.
    private(set) var problems: [String] = []
    private var now: Duration { journal.clock.now }

    init(
        folder: String, arguments: [String], idWindow: Int, programs: String, address: String, network: Network?, watch: ProgressWatch,
        journal: Journal,
        random: SeededRandom
    ) {
        self.folder = folder
        self.arguments = arguments
        self.idWindow = idWindow
        self.programs = programs
        self.address = address
        self.network = network
        self.watch = watch
        self.journal = journal
        self.random = random
    }

    // MARK: Starting

    func start(_ kind: WorkerKind) throws {
        let number = numbers[kind, default: 0] + 1
        numbers[kind] = number
        let name = "\(kind.rawValue)-\(number)"
        slots.append(Slot(name: name, kind: kind, process: try launch(kind, name, armed: nil), startedAt: now))
        watch.follow(log: log(of: name), of: name)
    }

    private func log(of name: String) -> String { "\(folder)/\(name).log" }

    private func launch(_ kind: WorkerKind, _ name: String, armed: String?) throws -> ChildProcess {
        let broker = try network?.line(of: name).address ?? address
        let own = kind == .projector ? ["--read-model", "\(folder)/read-models"] : ["--id-window", "\(idWindow)"]
        watch.serves(name, kind)
        let process = try ChildProcess(
            "\(programs)/\(kind.program)", ["--broker", broker, "--http", "off"] + arguments + own,
            // Whoever crashes says where.
            environment: ["EVENTHORIZON_FAILPOINT": armed, "SWIFT_BACKTRACE": "enable=yes,color=no,interactive=no"], output: .file(log(of: name)))
        return process
    }

    private func restart(_ slot: Slot) throws {
        // Debug builds only know the steps; which one and when is the seed's, those that were least seen before the others.
        let least = slot.kind.steps.map { hits(slot.kind, $0) }.min() ?? 0
        let arms = armsFailpoints && (least == 0 || random.draw(percent: 75))
        let step = random.pick(slot.kind.steps.filter { hits(slot.kind, $0) == least }) ?? ""
        let occasion = 1 + random.below(least == 0 ? 2 : 6)
        slot.armed = arms ? "\(step):\(occasion)" : nil
        slot.isKilled = false
        slot.isDisturbed = false
        slot.process = try launch(slot.kind, slot.name, armed: slot.armed)
        slot.startedAt = now
        slot.state = .running
    }

    func hits(_ kind: WorkerKind, _ step: String) -> Int { killsAtSteps[kind]?[step] ?? 0 }

    // MARK: Watching

    /// Looks at every process until cancelled.
    func watch() async {
        while !Task.isCancelled {
            do { try look() } catch { problems.append("a worker could not be started: \(error)") }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func look() throws {
        for slot in slots {
            if slot.state == .ended {
                if slot.restartAt <= now, slot.restartAt > .zero { try restart(slot) }
                continue
            }
            if let status = slot.process.exitStatus { try ended(slot, status) } else if slot.state == .leaving { try judge(slot) }
        }
    }

    private func ended(_ slot: Slot, _ status: ExitStatus) throws {
        let wasLeaving = slot.state == .leaving
        slot.state = .ended
        watch.servesNoMore(slot.name)
        slot.restartAt = now + random.duration(0...800)
        if slot.isKilled { return }
        if let armed = slot.armed, status == .killed(signal: SIGKILL), !wasLeaving {
            killed(slot)
            killsAtSteps[slot.kind, default: [:]][String(armed.prefix { $0 != ":" }), default: 0] += 1
            journal.note("kill     \(slot.name) killed itself at \(armed)")
        } else if wasLeaving {
            slot.restartAt = .zero
            if status.isSuccess {
                drains += 1
                journal.note("members  \(slot.name) has left after \(RunClock.text(now - slot.leavesSince)) s")
            } else if !slot.isDisturbed, !(slot.armed != nil && status == .killed(signal: SIGKILL)) {
                problem("\(slot.name) \(status) after SIGTERM, in order is 0", slot)
            }
        } else {
            problem("\(slot.name) \(status), and nobody had asked it to", slot)
        }
    }

    private func judge(_ slot: Slot) throws {
        let limit = slot.isDisturbed ? Duration.seconds(35) : Self.drainLimit
        guard now - slot.leavesSince > limit else { return }
        problem(
            "\(slot.name) had not ended \(RunClock.text(now - slot.leavesSince)) s after SIGTERM"
                + (slot.isDisturbed ? ", with the server or the way to it away meanwhile" : ""),
            slot)
        slot.isKilled = true
        slot.process.send(signal: SIGKILL)
    }

    private func problem(_ text: String, _ slot: Slot) {
        journal.note("PROBLEM  \(text)")
        problems.append(text + slot.process.tail(lines: 12))
    }

    // MARK: Faults

    private func pick(_ kind: WorkerKind, olderThan age: Duration = .zero, _ states: [Slot.State], among candidates: [Slot]? = nil) -> Slot? {
        random.pick(
            (candidates ?? slots).filter { $0.kind == kind && states.contains($0.state) && now - $0.startedAt >= age && $0.process.isRunning })
    }

    func count(_ kind: WorkerKind) -> Int { slots.count { $0.kind == kind && $0.state != .leaving && ($0.state != .ended || $0.restartAt > .zero) } }

    func armFailpoints() { armsFailpoints = true }

    /// Those that still wait to kill themselves are killed.
    func disarmFailpoints() {
        armsFailpoints = false
        for slot in slots where slot.state == .running && slot.armed != nil && slot.process.isRunning { kill(slot) }
    }

    /// Of all that run, or of a kind's.
    func names(_ kind: WorkerKind? = nil) -> [String] {
        slots.filter { (kind == nil || $0.kind == kind) && $0.process.isRunning }.map(\.name)
    }

    func anyName(_ kind: WorkerKind) -> String? { pick(kind, [.running])?.name }

    func kill(_ kind: WorkerKind) {
        // Rather one that does not wait for a step that none has died at yet: that one first has some time to reach it.
        let others = slots.filter { slot in
            slot.armed.map { hits(slot.kind, String($0.prefix { $0 != ":" })) > 0 } ?? true
        }
        if let slot = pick(kind, [.running, .stopped], among: others) ?? pick(kind, olderThan: Self.stepTime, [.running, .stopped]) { kill(slot) }
    }

    private func kill(_ slot: Slot) {
        slot.isKilled = true
        slot.process.send(signal: SIGKILL)
        killed(slot)
        journal.note("kill     \(slot.name) (pid \(slot.process.pid))")
    }

    private func killed(_ slot: Slot) {
        kills[slot.kind, default: 0] += 1
        watch.servesNoMore(slot.name)
        // Over at once: what excuses is its lease.
        watch.end(watch.begin(.kill, .worker(slot.name), isSilent: true))
    }

    /// Stops one for so long, then continues it; true where one was found.
    func stop(_ kind: WorkerKind, for duration: Duration) async -> Bool {
        guard let slot = pick(kind, olderThan: .seconds(1), [.running]) else { return false }
        let process = slot.process
        slot.state = .stopped
        let fault = watch.begin(.stop, .worker(slot.name), isSilent: true)
        process.pause()
        journal.note("stop     \(slot.name) for \(RunClock.text(duration)) s")
        try? await Task.sleep(for: duration)
        process.resume()
        watch.end(fault)
        if slot.process === process, slot.state == .stopped { slot.state = .running }
        journal.note("stop     \(slot.name) goes on")
        return true
    }

    func join(_ kind: WorkerKind) throws {
        try start(kind)
        joins += 1
        journal.note("members  \(kind.rawValue)-\(numbers[kind] ?? 0) joins")
    }

    func leave(_ kind: WorkerKind) {
        guard let slot = pick(kind, olderThan: .seconds(2), [.running]) else { return }
        leave(slot)
        journal.note("members  \(slot.name) is to leave")
    }

    private func leave(_ slot: Slot) {
        slot.state = .leaving
        slot.leavesSince = now
        if serversAway > 0 || broken[slot.name, default: 0] > 0 { slot.isDisturbed = true }
        watch.servesNoMore(slot.name)
        slot.process.terminate()
    }

    /// A server goes away: whoever drains meanwhile may not finish.
    func serverGoes() {
        serversAway += 1
        for slot in slots where slot.state == .leaving { slot.isDisturbed = true }
    }

    func serverIsBack() { serversAway -= 1 }

    /// As `serverGoes`, for these.
    func breaks(_ names: [String]) {
        for name in names { broken[name, default: 0] += 1 }
        for slot in slots where slot.state == .leaving && names.contains(slot.name) { slot.isDisturbed = true }
    }

    func mends(_ names: [String]) {
        for name in names { broken[name, default: 0] -= 1 }
    }

    // MARK: The end

    /// Nothing is injected from now on: what still waits to kill itself is replaced.
    func settle() async {
        armsFailpoints = false
        for slot in slots where slot.state == .running && slot.armed != nil {
            slot.isKilled = true
            slot.process.send(signal: SIGKILL)
        }
        for slot in slots where slot.state == .stopped { slot.process.resume() }
        while slots.contains(where: {
            $0.state == .leaving || $0.state == .ended && $0.restartAt > .zero || !$0.process.isRunning && $0.state != .ended
        }) {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// SIGTERM to all; each must exit 0. Returns when all have ended.
    func drainAll() async {
        for slot in slots where slot.state == .running || slot.state == .stopped {
            slot.process.resume()
            leave(slot)
        }
        while slots.contains(where: { $0.state != .ended }) {
            do { try look() } catch { problems.append("\(error)") }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    func killAll() async {
        for slot in slots {
            slot.isKilled = true
            slot.restartAt = .zero
            slot.state = .ended
            await slot.process.kill()
        }
    }
}

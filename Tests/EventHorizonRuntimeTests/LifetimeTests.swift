import EventHorizon
import EventHorizonWorkers
import Glibc
import Synchronization
import Testing

@testable import EventHorizonRuntime

@Suite struct WorkerLifetimeTests {
    var lifetime = WorkerLifetime(drainLimit: .seconds(30))

    @Test mutating func the_first_signal_drains_and_the_worker_s_return_ends() {
        #expect(lifetime.receive(.signal(.terminate)) == .drain(because: .terminate))
        #expect(lifetime.receive(.returned) == .exit(.drained))
        #expect(lifetime.receive(.drainDeadline) == .none)
    }

    @Test mutating func a_second_signal_ends_at_once() {
        _ = lifetime.receive(.signal(.terminate))
        #expect(lifetime.receive(.signal(.interrupt)) == .exit(.interrupted(.interrupt)))
        #expect(lifetime.receive(.signal(.interrupt)) == .none)
    }

    @Test mutating func the_drain_deadline_ends() {
        #expect(lifetime.receive(.drainDeadline) == .none)
        _ = lifetime.receive(.signal(.interrupt))
        #expect(lifetime.receive(.drainDeadline) == .exit(.undrained(within: .seconds(30))))
    }

    @Test mutating func an_error_ends_with_its_kind() {
        var other = lifetime
        #expect(lifetime.receive(.threw(Misconfiguration("no such folder"))) == .exit(.misconfigured(["no such folder"])))
        #expect(other.receive(.threw(BrokerError(.unavailable, "gone"))) == .exit(.failed("gone")))
    }

    @Test mutating func cancellation_is_an_end_only_when_it_was_asked_for() {
        var asked = lifetime
        _ = asked.receive(.signal(.terminate))
        #expect(asked.receive(.threw(CancellationError())) == .exit(.drained))
        var starting = WorkerLifetime(drainLimit: .seconds(1))
        _ = starting.receive(.signal(.terminate))
        #expect(starting.receive(.threw(BrokerError(.cancelled, "connecting was cancelled"))) == .exit(.drained))
        #expect(lifetime.receive(.threw(CancellationError())) == .exit(.failed("CancellationError()")))
    }

    @Test func exit_codes_and_what_a_person_reads() {
        #expect(ExitStatus.drained.code == 0)
        #expect(ExitStatus.drained.message("w") == nil)
        #expect(ExitStatus.misconfigured([]).code == 78)
        #expect(ExitStatus.failed("").code == 70)
        #expect(ExitStatus.interrupted(.terminate).code == 143)
        #expect(ExitStatus.interrupted(.interrupt).code == 130)
        #expect(ExitStatus.undrained(within: .seconds(1)).code == 75)
        #expect(
            ExitStatus.misconfigured(["--http: taken", "two\nlines"]).message("guestlist-saga") == """
                guestlist-saga cannot run:

                  * --http: taken
                  * two
                    lines

                Every key: guestlist-saga --help

                """)
    }
}

/// Tells that it started, works until it is cancelled, and tells that it drained.
struct PatientWorker: Worker {
    var instruments: [any Instrument] = []
    var group = "patient"

    func run() async throws {
        for instrument in instruments { instrument.receive(.started(group: group, member: "m")) }
        let (never, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        continuation.finish()
        for instrument in instruments { instrument.receive(.drained(group: group)) }
    }
}

struct FailingWorker: Worker {
    var instruments: [any Instrument] = []
    let error: any Error
    func run() async throws { throw error }
}

/// Does not react to being cancelled, until it is let go.
final class StubbornWorker: Worker {
    let instrumentList = Mutex<[any Instrument]>([])
    var instruments: [any Instrument] {
        get { instrumentList.withLock { $0 } }
        set { instrumentList.withLock { $0 = newValue } }
    }
    let (letGo, release) = AsyncStream.makeStream(of: Void.self)
    func run() async throws {
        // A task of its own does not inherit the cancellation.
        await Task { [letGo] in for await _ in letGo {} }.value
    }
}

/// Hands every signal on.
struct Listener: Instrument {
    let report: AsyncStream<Signal>.Continuation
    func receive(_ signal: Signal) { report.yield(signal) }
}

@Suite(.timeLimit(.minutes(1))) struct WorkerProcessTests {
    let pipe: LinePipe
    let signals: AsyncStream<OperatingSystemSignal>
    let send: AsyncStream<OperatingSystemSignal>.Continuation

    init() throws {
        pipe = try LinePipe()
        (signals, send) = AsyncStream.makeStream(of: OperatingSystemSignal.self)
    }

    func process(_ arguments: String..., environment: [String: String] = [:]) -> WorkerProcess {
        WorkerProcess(name: "party-host", arguments: arguments, environment: environment, output: pipe.writing, log: pipe.writing)
    }

    func freePort() throws -> UInt16 {
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        close(socket.descriptor)
        return socket.port
    }

    @Test func a_worker_runs_is_seen_and_drains() async throws {
        let (told, report) = AsyncStream.makeStream(of: Signal.self)
        let address = HTTPAddress.listen(host: "127.0.0.1", port: try freePort())
        let process = process("--http", address.description, "--log-format", "text")
        async let ending = process.run(signals: signals) { _ in PatientWorker(instruments: [Listener(report: report)]) }

        var tells = told.makeAsyncIterator()
        #expect(await tells.next() == .started(group: "patient", member: "m"))
        // The host's own instruments come after the worker's: what they do is waited for.
        while try get("/readyz", from: address).status != 200 { await Task.yield() }
        #expect(try get("/metrics", from: address).body.contains("eventhorizon_partitions{group=\"patient\"} 0"))

        send.yield(.terminate)
        #expect(await tells.next() == .drained(group: "patient"))
        #expect(await ending == .drained)
        let text = pipe.text()
        #expect(text.contains("serving health and metrics address=\(address)"))
        #expect(text.contains("started group=patient member=m"))
        #expect(text.contains("asked to end signal=SIGTERM"))
        #expect(text.contains("drained group=patient"))
    }

    @Test func a_second_signal_does_not_wait_for_the_worker() async {
        let worker = StubbornWorker()
        send.yield(.interrupt)
        send.yield(.terminate)
        #expect(await process("--http=off").run(signals: signals) { _ in worker } == .interrupted(.terminate))
        worker.release.finish()
    }

    @Test func a_drain_ends_at_its_deadline() async {
        let worker = StubbornWorker()
        // The clock's sleep returns at once.
        let host = WorkerHost(worker: worker, drainLimit: .seconds(30), clock: FixedClock()) { _ in }
        send.yield(.terminate)
        #expect(await host.run(signals: signals) == .undrained(within: .seconds(30)))
        worker.release.finish()
    }

    @Test func what_the_program_or_its_worker_throws_ends_the_process() async {
        #expect(await process("--http=off").run(signals: signals) { _ in throw Misconfiguration("no seats") } == .misconfigured(["no seats"]))
        #expect(
            await process("--http=off").run(signals: signals) { _ in FailingWorker(error: BrokerError(.refused, "no")) } == .failed("no"))
        #expect(
            await process("--htp=off").run(signals: signals) { _ in PatientWorker() }
                == .misconfigured(["there is no flag --htp: did you mean --http?"]))
    }

    @Test func help_and_version_are_printed_and_nothing_runs() async {
        #expect(await process("--help").run(signals: signals) { _ in FailingWorker(error: CancellationError()) } == .drained)
        #expect(pipe.text().hasPrefix("party-host: a worker"))
        var versioned = process("--version")
        versioned.version = "1.2.3"
        #expect(await versioned.run(signals: signals) { _ in FailingWorker(error: CancellationError()) } == .drained)
        #expect(pipe.text() == "party-host 1.2.3\n")
    }

    @Test func a_misspelt_variable_is_logged() async {
        let process = process("--http=off", "--log-format=text", environment: ["EVENTHORIZON_BROKR": "secret"])
        _ = await process.run(signals: signals) { _ in throw Misconfiguration("enough") }
        let text = pipe.text()
        #expect(text.contains("unknown variable in the environment variable=EVENTHORIZON_BROKR meant=EVENTHORIZON_BROKER"))
        #expect(!text.contains("secret"))
    }
}

@Suite(.timeLimit(.minutes(1))) struct WorkerGroupTests {
    @Test func workers_run_together_and_drain_together() async throws {
        let (told, report) = AsyncStream.makeStream(of: Signal.self)
        var group = WorkerGroup(PatientWorker(group: "a"), PatientWorker(group: "b"))
        group.instruments.append(Listener(report: report))
        let running = Task { [group] in try await group.run() }
        var signals = told.makeAsyncIterator()
        #expect(Set([await signals.next()?.group, await signals.next()?.group]) == ["a", "b"])
        running.cancel()
        try await running.value
        report.finish()
        var drained: Set<String> = []
        while case .drained(let name)? = await signals.next() { drained.insert(name) }
        #expect(drained == ["a", "b"])
    }

    @Test func one_that_fails_drains_the_others() async throws {
        let (told, report) = AsyncStream.makeStream(of: Signal.self)
        let group = WorkerGroup(
            PatientWorker(instruments: [Listener(report: report)], group: "a"), FailingWorker(error: Misconfiguration("no seats")))
        await #expect(throws: Misconfiguration("no seats")) { try await group.run() }
        report.finish()
        var last: Signal?
        for await signal in told { last = signal }
        #expect(last == .drained(group: "a"))
    }
}

@Suite struct EnvironmentFailpointsTests {
    @Test func a_step_kills_at_its_occasion_and_only_then() throws {
        let count = Counter()
        let failpoints = try EnvironmentFailpoints("afterDecide:3") { count.value.add(1, ordering: .relaxed) }
        failpoints.reach(.afterDecide)
        failpoints.reach(.afterRead)
        failpoints.reach(.afterDecide)
        #expect(count.value.load(ordering: .relaxed) == 0)
        failpoints.reach(.afterDecide)
        #expect(count.value.load(ordering: .relaxed) == 1)
        failpoints.reach(.afterDecide)
        #expect(count.value.load(ordering: .relaxed) == 1)
    }

    final class Counter: Sendable { let value = Atomic(0) }

    @Test(arguments: ["afterLunch:1", "afterDecide", "afterDecide:0", "afterDecide:x", "afterDecide:1:2"])
    func a_bad_value_is_a_misconfiguration(text: String) {
        #expect(throws: Misconfiguration.self) { try EnvironmentFailpoints(text) }
    }

    @Test func nothing_is_asked_for_by_an_empty_environment() throws {
        #expect(try EnvironmentFailpoints.fromEnvironment([:]) == nil)
    }

    @Test func a_set_variable_is_obeyed_in_debug_builds_alone() throws {
        let environment = ["EVENTHORIZON_FAILPOINT": "afterRows:1"]
        #if DEBUG
        #expect(try EnvironmentFailpoints.fromEnvironment(environment)?.step == .afterRows)
        #else
        #expect(throws: Misconfiguration.self) { try EnvironmentFailpoints.fromEnvironment(environment) }
        #endif
    }
}

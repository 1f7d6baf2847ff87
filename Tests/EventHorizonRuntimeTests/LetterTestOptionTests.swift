import EventHorizon
import EventHorizonWorkers
import Glibc
import Testing

@testable import EventHorizonRuntime

/// `--letter-test`: a worker's program prints a dead letter as a test, and does not work.
@Suite(.timeLimit(.minutes(1))) struct LetterTestOptionTests {
    /// Knows the letters of one partition, and fails where it is to work.
    private struct Telling: LetterTesting {
        var instruments: [any Instrument] = []
        let partition: Int
        func run() async throws { throw BrokerError(.refused, "it works") }
        func test(of id: LetterID) async throws -> String? { id.partition == partition ? "// the letter \(id)\n" : nil }
    }

    private let pipe: LinePipe

    init() throws { pipe = try LinePipe() }

    private func run(_ letter: String, _ worker: any Worker) async -> EventHorizonRuntime.ExitStatus {
        let process = WorkerProcess(
            name: "party-host", arguments: ["--letter-test", letter], environment: [:], output: pipe.writing, log: STDERR_FILENO)
        return await process.run(signals: AsyncStream { _ in }) { _ in worker }
    }

    @Test func the_worker_that_knows_the_letter_prints_it_and_nothing_works() async {
        let group = WorkerGroup(FailingWorker(error: CancellationError()), Telling(partition: 3), Telling(partition: 4))
        #expect(await run("4/17", group) == .drained)
        #expect(pipe.text() == "// the letter 4/17\n")
    }

    @Test func a_letter_that_no_worker_knows_and_what_is_no_letter_are_said() async {
        guard case .misconfigured(let unknown) = await run("5/17", Telling(partition: 3)) else {
            Issue.record("not misconfigured")
            return
        }
        #expect(unknown.first?.hasPrefix("party-host has no aggregate that the dead letter 5/17 is of") == true)
        #expect(
            await run("five", Telling(partition: 3))
                == .misconfigured(["--letter-test is 'five': expected partition/position of a dead letter, such as 3/17"]))
    }
}

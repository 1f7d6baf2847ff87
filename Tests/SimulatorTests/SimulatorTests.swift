import EventHorizonHistory
import EventHorizonTesting
import Glibc
import GuestListSimulation
import ServerSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct SimulatorTests {
    /// Each showed a bug once: a stale look-up (1, 15), checkpoints that the broker was never told (7, 24, 94), a member killed while it drained (512).
    /// What a seed does changes with the code; the bugs have tests of their own as well.
    @Test(arguments: [1, 7, 15, 24, 94, 512] as [UInt64])
    func seeds_that_showed_a_bug_before_show_none(seed: UInt64) throws {
        let result = try GuestListSimulation(seed: seed).run()
        #expect(result.violations.isEmpty, "\(result.violations)")
    }

    @Test func the_same_seed_gives_the_same_run() throws {
        var digests: Set<String> = []
        for seed in 1...5 as ClosedRange<UInt64> {
            let digest = try GuestListSimulation(seed: seed).run().digest
            #expect(try GuestListSimulation(seed: seed).run().digest == digest, "seed \(seed)")
            digests.insert(digest)
        }
        #expect(digests.count == 5, "other seeds give other runs")
    }

    @Test func the_same_seeds_give_the_same_runs_in_another_process() async throws {
        let first = try await lines("--seeds", "5", "--digests")
        #expect(first.count == 5)
        #expect(try await lines("--seeds", "5", "--digests", "--threads", "2").sorted() == first.sorted())
        // This process has dictionaries of another order.
        for (seed, line) in zip(1...5 as ClosedRange<UInt64>, first) {
            #expect(try line == "seed \(seed): \(GuestListSimulation(seed: seed).run().digest)")
        }
    }

    @Test func the_promises_hold_on_transactions_too() throws {
        var counts: [String: Int] = [:]
        for seed in 1...40 as ClosedRange<UInt64> {
            let result = try GuestListSimulation(seed: seed, quirks: BrokerQuirk.kafka, atomicSettle: true).run()
            #expect(result.violations.isEmpty, "seed \(seed): \(result.violations)")
            for fault in result.report.faults { counts[fault.name, default: 0] += fault.count }
        }
        for quirk in BrokerQuirk.kafka { #expect(counts[quirk.rawValue, default: 0] > 0, "\(quirk)") }
    }

    @Test func a_seed_without_faults_has_none() throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            let result = try GuestListSimulation(seed: seed, quirks: [], processes: []).run()
            #expect(result.report.faults.isEmpty && result.violations.isEmpty)
            #expect(result.history.sent.allSatisfy { $0.fate == .acknowledged })
        }
    }

    @Test func each_fault_comes_true_when_it_is_asked_for() throws {
        var counts: [String: Int] = [:]
        for seed in 1...40 as ClosedRange<UInt64> {
            for fault in try GuestListSimulation(seed: seed).run().report.faults { counts[fault.name, default: 0] += fault.count }
        }
        for quirk in BrokerQuirk.jetStream where quirk != .unfencedOutcome {
            #expect(counts[quirk.rawValue, default: 0] > 0, "\(quirk)")
        }
        for fault in ["kills", "kills at a step: inTransaction", "stops past the lease", "members joined", "members left", "slow turns"] {
            #expect(counts[fault, default: 0] > 0, "\(fault)")
        }
    }

    @Test func help_names_every_option_quirk_and_fault() async throws {
        let help = try await run("--help")
        for word in ["--seeds N", "--seed FIRST", "--broker-quirks QUIRKS", "--faults FAULTS", "--threads N", "--digests", "--trace"] {
            #expect(help.output.contains(word), "\(word)")
        }
        for word in BrokerQuirk.allCases.map(\.rawValue) + ProcessFault.allCases.map(\.rawValue) { #expect(help.output.contains(word), "\(word)") }
        #expect(help.status == .exited(0))
    }

    @Test func a_wrong_command_line_is_refused_with_the_word_that_is_wrong() async throws {
        let wrong = try await run("--broker-quirks", "staleRead,earthquake")
        #expect(wrong.status == .exited(2))
        #expect(wrong.errors.contains("--broker-quirks: 'earthquake' is none of unansweredAppend"))
    }

    // MARK: The program

    private func run(_ arguments: String...) async throws -> (status: ServerSupport.ExitStatus, output: String, errors: String) {
        try await run(arguments)
    }

    private func lines(_ arguments: String...) async throws -> [String] {
        let (status, output, _) = try await run(arguments)
        #expect(status == .exited(0))
        return output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("seed ") }
    }

    private func run(_ arguments: [String]) async throws -> (status: ServerSupport.ExitStatus, output: String, errors: String) {
        let own = try #require(realpath("/proc/self/exe", nil))
        defer { free(own) }
        let programs = String(cString: own).split(separator: "/").dropLast().joined(separator: "/")
        let program = try ChildProcess("/\(programs)/eventhorizon-simulator", arguments, errors: .captured)
        let status = try await program.exit(within: .seconds(120))
        return (status, program.standardOutput, program.standardError)
    }
}

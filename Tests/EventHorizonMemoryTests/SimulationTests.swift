import EventHorizon
import EventHorizonMemory
import EventHorizonTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct SimulationTests {
    static let aggregates = 6
    static let commands = 8

    /// Two handlers, one of which is killed, against every fault there is: what the events log holds in the end, and how long it took.
    private func simulate(seed: UInt64, atomicSettle: Bool = false) throws -> [String] {
        let executor = SeededExecutor(seed: seed)
        var faults = MemoryFaults(seed: seed)
        faults.lateAnswer = 0.2
        faults.duplicateAnswer = 0.1
        faults.lostPartition = 0.02
        faults.readerRestart = 0.05
        faults.doubledMessage = 0.2
        faults.lateDelivery = 0.2
        faults.lateProgress = 0.3
        faults.lease = .seconds(1)
        let broker = MemoryBroker(partitionCount: 4, surroundings: executor.surroundings, faults: faults, atomicSettle: atomicSettle)
        let total = Self.aggregates * Self.commands
        let victim = executor.makeProcess()
        return try executor.run {
            @Sendable func isDone() -> Bool { broker.count(of: .events) >= total }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for number in 0..<Self.commands {
                        _ = try await broker.publish(
                            (0..<Self.aggregates).map { SmallHandler.command("\(number)", to: "a-\($0)", on: broker) })
                        await executor.clock.sleep(until: executor.clock.now + .milliseconds(30))
                    }
                }
                tasks.addTask { try await SmallHandler(broker: broker).run(until: isDone) }
                victim.start { try? await SmallHandler(broker: broker).run(until: isDone) }
                tasks.addTask {
                    await executor.clock.sleep(until: executor.clock.now + .milliseconds(Int(broker.surroundings.randomness.next() % 200)))
                    victim.kill()
                }
                try await tasks.waitForAll()
            }
            let trace = broker.records(of: .events).compactMap(\.commit).map { commit in
                "\(commit.stream.aggregate) \(commit.number) "
                    + commit.events.map { String(decoding: $0.payload.bytes, as: UTF8.self) }.joined(separator: ",")
            }
            return trace + ["\(executor.clock.now.nanoseconds) \(executor.jobs)"]
        }
    }

    @Test(arguments: [false, true])
    func each_command_takes_effect_once_and_in_order_whatever_fails(atomicSettle: Bool) throws {
        var traces: [[String]] = []
        for seed in 1...60 as ClosedRange<UInt64> {
            let trace = try simulate(seed: seed, atomicSettle: atomicSettle)
            for aggregate in 0..<Self.aggregates {
                let commits = trace.filter { $0.hasPrefix("a-\(aggregate) ") }
                #expect(commits == (0..<Self.commands).map { "a-\(aggregate) \($0 + 1) \($0)" }, "seed \(seed)")
            }
            traces.append(trace)
        }
        #expect(Set(traces).count > 50, "other seeds give other runs")
    }

    @Test func the_same_seed_gives_the_same_run() throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            let first = try simulate(seed: seed)
            #expect(try simulate(seed: seed) == first, "seed \(seed)")
        }
    }

    @Test func a_simulation_that_stalls_says_so_with_its_seed() {
        let error = #expect(throws: SimulationError.self) {
            try SeededExecutor(seed: 42).run { await withCheckedContinuation { Forever.shared.keep($0) } }
        }
        #expect(error?.isStalled == true && error.map { "\($0)".contains("seed 42") } == true)
    }

    @Test func a_simulation_has_its_time_and_no_more() throws {
        let executor = SeededExecutor(seed: 1)
        let error = #expect(throws: SimulationError.self) {
            try executor.run(for: .seconds(10)) { while true { await executor.clock.sleep(until: executor.clock.now + .seconds(1)) } }
        }
        #expect(error?.isStalled == false && error?.now == Instant(nanoseconds: 10_000_000_000))
    }

    // MARK: Processes

    /// Counts in steps of 10 ms until the time is up, on a process of its own to which `body` does something.
    private func count(_ body: @escaping @Sendable (SeededProcess, SeededExecutor) async -> Void) throws -> [Int] {
        let executor = SeededExecutor(seed: 1)
        let process = executor.makeProcess()
        let steps = Steps()
        try executor.run {
            let task = process.start {
                while !Task.isCancelled {
                    steps.add(Int(executor.clock.now.nanoseconds / 1_000_000))
                    await executor.clock.sleep(until: executor.clock.now + .milliseconds(10))
                }
                steps.add(-1)
            }
            await body(process, executor)
            task.cancel()
            process.bury()
            await task.value
        }
        return steps.all
    }

    private static func wait(_ milliseconds: Int, _ executor: SeededExecutor) async {
        await executor.clock.sleep(until: executor.clock.now + .milliseconds(milliseconds))
    }

    @Test func a_killed_process_does_nothing_more_and_what_it_left_ends_when_it_is_buried() throws {
        let steps = try count { process, executor in
            await Self.wait(25, executor)
            process.kill()
            #expect(process.isKilled)
            await Self.wait(1_000, executor)
        }
        #expect(steps == [0, 10, 20, -1])
    }

    @Test func a_process_can_be_killed_after_so_many_jobs() throws {
        let steps = try count { process, executor in
            await Self.wait(5, executor)
            process.kill(afterJobs: 3)
            await Self.wait(1_000, executor)
            #expect(process.isKilled)
        }
        // A step is one job or more: it got as far as its jobs took it.
        #expect(steps.count > 1 && steps.count <= 5 && steps.last == -1)
    }

    @Test func a_stopped_process_goes_on_where_it_was() throws {
        let steps = try count { process, executor in
            await Self.wait(25, executor)
            process.stop()
            await Self.wait(1_000, executor)
            #expect(process.isStopped)
            process.resume()
            await Self.wait(20, executor)
            process.kill()
        }
        #expect(steps == [0, 10, 20, 1_025, 1_035, -1])
    }

    @Test func who_waits_for_a_kill_is_told_once() throws {
        let told = Steps()
        _ = try count { process, executor in
            process.whenKilled { told.add(1) }
            await Self.wait(5, executor)
            process.kill()
            process.kill()
            process.whenKilled { told.add(2) }
        }
        #expect(told.all == [1, 2])
    }
}

private final class Steps: Sendable {
    private let list = Mutex<[Int]>([])
    func add(_ step: Int) { list.withLock { $0.append(step) } }
    var all: [Int] { list.withLock { $0 } }
}

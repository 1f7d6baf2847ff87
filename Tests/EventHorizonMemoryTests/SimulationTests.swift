import EventHorizon
import EventHorizonMemory
import EventHorizonTesting
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
}

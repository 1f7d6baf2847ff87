import ServerSupport
import Synchronization

/// Does to workers and server what the seed says, until its time is over. Returns with everything running again.
struct FaultInjector: Sendable {
    let seed: UInt64
    let kinds: Set<FaultKind>
    let length: Duration
    let lease: Duration
    let fleet: WorkerFleet
    let server: NATSServer
    let watch: ProgressWatch
    let journal: Journal
    let tally: FaultTally

    func run() async throws {
        let end = ContinuousClock.now + length
        if kinds.contains(.kill) { await fleet.armFailpoints() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Task.sleep(until: end, clock: .continuous) }
            for (part, kind) in WorkerKind.allCases.enumerated() where kinds.contains(.kill) {
                // So that a minute has at least twenty of each kind, and not many more: those that kill themselves at a step count.
                let start = ContinuousClock.now
                group.addTask {
                    try await every(700...1_300, part: part, until: end) { _ in
                        let due = 24 * (start.duration(to: .now) / .seconds(60))
                        if await Double(fleet.kills[kind] ?? 0) < due { await fleet.kill(kind) }
                    }
                }
            }
            if kinds.contains(.stop) { group.addTask { try await every(3_000...7_000, part: 10, until: end, stop) } }
            if kinds.contains(.members) { group.addTask { try await every(2_000...4_000, part: 11, until: end, member) } }
            if kinds.contains(.server) { group.addTask { try await every(7_000...13_000, part: 12, until: end, serverFault) } }
            try await group.waitForAll()
        }
    }

    private func every(_ pause: ClosedRange<Int>, part: Int, until end: ContinuousClock.Instant, _ fault: (inout SeededRandom) async throws -> Void)
        async throws
    {
        var random = SeededRandom(seed: seed, part: UInt64(part))
        while true {
            let next = ContinuousClock.now + random.duration(pause)
            guard next < end else { return try await Task.sleep(until: end, clock: .continuous) }
            try await Task.sleep(until: next, clock: .continuous)
            try await fault(&random)
        }
    }

    private func stop(_ random: inout SeededRandom) async throws {
        guard let kind = random.pick(WorkerKind.allCases) else { return }
        let beyond = lease * Double(110 + random.below(100)) / 100
        if await fleet.stop(kind, for: beyond, { watch.faultBegins() }) {
            watch.faultEnds()
            tally.add("workers stopped past their lease")
        }
    }

    private func member(_ random: inout SeededRandom) async throws {
        guard let kind = random.pick(WorkerKind.allCases) else { return }
        if await fleet.count(kind) < 3 { try await fleet.join(kind) } else { await fleet.leave(kind) }
    }

    private func serverFault(_ random: inout SeededRandom) async throws {
        let kills = random.draw(percent: 60)
        let duration = random.duration(kills ? 200...3_000 : 500...4_000)
        await fleet.disturb()
        watch.faultBegins()
        defer { watch.faultEnds() }
        if kills {
            await server.kill()
            journal.note("server   killed, back in \(RunClock.text(duration)) s")
            try await Task.sleep(for: duration)
            await fleet.disturb()
            try await server.restart()
            journal.note("server   is back")
            tally.add("server killed and restarted")
        } else {
            server.pause()
            journal.note("server   stopped for \(RunClock.text(duration)) s")
            try await Task.sleep(for: duration)
            await fleet.disturb()
            server.resume()
            journal.note("server   goes on")
            tally.add("server stopped and continued")
        }
    }
}

/// How often each thing was done.
final class FaultTally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }
    var all: [(name: String, count: Int)] { counts.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } } }
}

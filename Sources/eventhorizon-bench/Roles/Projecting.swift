import EventHorizon
import EventHorizonSQLite
import EventHorizonWorkers
import Glibc

/// Projects until every command has its row, and checks the rows.
struct Projecting: Sendable {
    let options: Options
    let broker: any Broker
    let clock: CommitClock

    init(options: Options, broker: any Broker) {
        self.options = options
        self.broker = broker
        clock = CommitClock(keepsLatencies: options.rate > 0)
    }

    func run() async throws -> Measured {
        let store = SQLite(folder: options.folder)
        var worker = ProjectorWorker(BookingCounts(clock: clock), into: store, broker: broker)
        worker.instruments = options.role == .projector ? [clock, ReadySign(partitions: options.partitions)] : [clock]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [worker] in try await worker.run() }
            group.addTask {
                try await clock.wait(for: options.warmUp)
                if options.role == .projector {
                    print("warm")
                    fflush(nil)
                }
                try await clock.wait(for: total)
            }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
        let rows = try await store.read(BookingCounts.self) { db in
            try db.rows("SELECT count(*), sum(bookings), sum(bookings = version) FROM booking").map { row in
                [try row[0, as: Int.self], try row[1, as: Int.self], try row[2, as: Int.self]]
            }
        }
        let streams = min(options.aggregates, max(options.warmUp, options.commands))
        guard rows == [[streams, total, streams]] else {
            throw Misconfiguration(
                "the rows are wrong: \(rows), expected \([streams, total, streams]) (aggregates, bookings, versions that match)")
        }
        return Measured(end: clock.lastCommit, latencies: Array(clock.latencies.dropFirst(options.warmUp)))
    }

    private var total: Int { options.warmUp + options.commands }
}

struct Measured {
    var end: Double
    var latencies: [Double]
}

import EventHorizon
import EventHorizonWorkers

/// Publishes the commands: as fast as they are stored, in a few streams of batches, or each when it is due.
struct Publishing: Sendable {
    let options: Options
    let broker: any Broker
    private let note: String

    init(options: Options, broker: any Broker) {
        self.options = options
        self.broker = broker
        // What the other fields take is about 32 bytes.
        note = String(repeating: "n", count: max(0, options.payload - 32))
    }

    /// - Returns: When the first command was published.
    func run() async throws -> Double {
        let publisher = CommandPublisher(broker: broker)
        // The connection is made before the clock starts.
        try await publisher.send(contentsOf: [(command: Bookings.Command, id: Bookings.ID)]())
        let start = MachineClock.seconds + (options.rate > 0 ? 0.1 : 0)
        if options.rate > 0 { try await paced(publisher, from: start) } else { try await flood(publisher) }
        return start
    }

    private static let streams = 4
    private static let batch = 500

    private func flood(_ publisher: CommandPublisher) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stream in 0..<Self.streams {
                group.addTask {
                    var batch: [(command: Bookings.Command, id: Bookings.ID)] = []
                    for number in stride(from: stream, to: options.commands, by: Self.streams) {
                        batch.append((command(at: MachineClock.seconds), id(number)))
                        if batch.count == Self.batch {
                            try await publisher.send(contentsOf: batch)
                            batch.removeAll(keepingCapacity: true)
                        }
                    }
                    if !batch.isEmpty { try await publisher.send(contentsOf: batch) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func paced(_ publisher: CommandPublisher, from start: Double) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<options.commands {
                let due = start + Double(number) / Double(options.rate)
                await broker.surroundings.clock.sleep(until: broker.surroundings.clock.now + .seconds(max(0, due - MachineClock.seconds)))
                group.addTask { try await publisher.send(command(at: due), to: id(number)) }
            }
            try await group.waitForAll()
        }
    }

    private func id(_ number: Int) -> Bookings.ID { Bookings.ID("booking-\(number % options.aggregates)") }

    private func command(at time: Double) -> Bookings.Command {
        .book(guest: "Ada Lovelace", at: time, seats: 2, vegetarian: true, note: note)
    }

}

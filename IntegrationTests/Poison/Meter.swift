import EventHorizon
import Synchronization

/// Takes readings in their order only. An event about a negative one cannot be written until the bug is mended.
struct Meter: Aggregate {
    static let category = "meters.v1.Meter"
    /// By application: tests run side by side.
    static let broken = Mutex<Set<String>>([])

    enum Command: Message {
        case take(reading: Int, application: String)
        enum CodingKeys: String, MessageName { case take = "meters.v1.Take" }
    }

    enum Event: Message {
        case taken(Reading)
        enum CodingKeys: String, MessageName { case taken = "meters.v1.Taken" }
    }

    enum Rejection: Error, Codable, Equatable {
        case outOfOrder(after: Int)
    }

    struct Reading: Codable, Sendable, Equatable {
        var value: Int
        var application: String

        enum CodingKeys: CodingKey { case value, application }

        func encode(to encoder: any Encoder) throws {
            if value < 0, Meter.broken.withLock({ $0.contains(application) }) { throw Bug() }
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(value, forKey: .value)
            try container.encode(application, forKey: .application)
        }
    }

    struct Bug: Error {}

    private var last = 0

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .take(let reading, let application):
            guard abs(reading) == last + 1 else { throw .outOfOrder(after: last) }
            return [.taken(Reading(value: reading, application: application))]
        }
    }

    mutating func evolve(with event: Event) {
        switch event {
        case .taken(let reading): last = abs(reading.value)
        }
    }
}

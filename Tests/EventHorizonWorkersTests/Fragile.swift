import EventHorizon
import Synchronization

/// An aggregate whose code has a bug until it is mended: an event about an unlucky number cannot be written.
struct Fragile: Aggregate {
    static let category = "bank.v1.Fragile"
    /// Whether the bug is there, by aggregate: tests run side by side.
    static let broken = Mutex<Set<String>>([])

    enum Command: Message {
        case add(number: Int, name: String)
        enum CodingKeys: String, MessageName { case add = "bank.v1.Add" }
    }

    enum Event: Message {
        case added(Number)
        enum CodingKeys: String, MessageName { case added = "bank.v1.Added" }
    }

    struct Number: Codable, Sendable, Equatable {
        var value: Int
        var name: String

        enum CodingKeys: CodingKey { case value, name }

        func encode(to encoder: any Encoder) throws {
            if value < 0, Fragile.broken.withLock({ $0.contains(name) }) { throw Bug() }
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(value, forKey: .value)
            try container.encode(name, forKey: .name)
        }
    }

    struct Bug: Error {}

    private var sum = 0

    func decide(_ command: Command) -> [Event] {
        switch command {
        case .add(let number, let name): [.added(Number(value: number, name: name))]
        }
    }

    mutating func evolve(with event: Event) {
        switch event {
        case .added(let number): sum += number.value
        }
    }
}

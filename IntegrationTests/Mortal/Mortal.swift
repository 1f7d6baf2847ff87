public import EventHorizon
internal import Glibc

/// Takes readings in their order only. A negative one ends the process that decides it, until the bug is mended: until there is the file that
/// `MORTAL_MENDED` names.
public struct Mortal: Aggregate {
    public static let category = "meters.v1.Mortal"

    public enum Command: Message {
        case take(reading: Int)
        public enum CodingKeys: String, MessageName { case take = "meters.v1.TakeMortal" }
    }

    public enum Event: Message {
        case taken(reading: Int)
        public enum CodingKeys: String, MessageName { case taken = "meters.v1.MortalTaken" }
    }

    public enum Rejection: Error, Codable, Equatable {
        case outOfOrder(after: Int)
    }

    private var last = 0

    public init() {}

    public func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .take(let reading):
            if reading < 0, !Self.isMended { fatalError("a negative reading") }
            guard abs(reading) == last + 1 else { throw .outOfOrder(after: last) }
            return [.taken(reading: reading)]
        }
    }

    public mutating func evolve(with event: Event) {
        switch event {
        case .taken(let reading): last = abs(reading)
        }
    }

    private static var isMended: Bool { getenv("MORTAL_MENDED").map { access($0, F_OK) == 0 } ?? true }
}

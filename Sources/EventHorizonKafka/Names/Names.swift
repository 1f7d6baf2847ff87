#if Kafka
import EventHorizon

/// Every name that an application has in a cluster.
struct Names: Sendable {
    let application: String

    /// - Throws: `Misconfiguration` for a name that cannot be a prefix of topics.
    init(application: String) throws {
        let isAllowed = application.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
        guard (1...64).contains(application.utf8.count), isAllowed else {
            throw Misconfiguration("'\(application)' is no name for an application: use 1 to 64 characters out of A-Z, a-z, 0-9, _ and -")
        }
        self.application = application
    }

    func topic(_ log: Log) -> String {
        switch log {
        case .commands: "\(application).commands"
        case .events: "\(application).events"
        case .deadLetters: "\(application).deadletters"
        }
    }
    var replies: String { "\(application).replies" }
    var topology: String { "\(application).topology" }

    func group(_ name: String) -> String { "\(application).\(name)" }

    /// Of the producer that has this turn among those of a group's partition. The last two parts hold no slash, so no two groups share one.
    func transactionalID(group: String, partition: Int, turn: Int) -> String { "\(application)/\(group)/\(partition)/\(turn)" }
}
#endif

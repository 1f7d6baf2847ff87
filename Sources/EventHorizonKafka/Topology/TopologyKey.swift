#if Kafka
import EventHorizon

/// The keys of the topology's topic. None is ever written twice, so that compaction removes nothing that counts.
enum TopologyKey: Equatable, CustomStringConvertible {
    /// A topology made from the one that lies at an offset; -1 for the first.
    case topology(after: Int64, nonce: UInt64)
    /// Where a group begins in each partition; the first counts.
    case starts(group: String, nonce: UInt64)
    /// A dead letter holds only the place of a command, which therefore has to stay.
    case kept(group: String, partition: Int, position: Position)

    /// Nil for another record's.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        // A group's name may hold slashes.
        switch parts[0] {
        case "topology":
            guard let after = Int64(parts[1]), let nonce = UInt64(parts[2]) else { return nil }
            self = .topology(after: after, nonce: nonce)
        case "starts":
            guard let nonce = UInt64(parts[1]) else { return nil }
            self = .starts(group: parts[2...].joined(separator: "/"), nonce: nonce)
        case "kept":
            guard parts.count >= 4, let partition = Int(parts[1]), let position = UInt64(parts[2]) else { return nil }
            self = .kept(group: parts[3...].joined(separator: "/"), partition: partition, position: Position(position))
        default: return nil
        }
    }

    var description: String {
        switch self {
        case .topology(let after, let nonce): "topology/\(after)/\(nonce)"
        case .starts(let group, let nonce): "starts/\(nonce)/\(group)"
        case .kept(let group, let partition, let position): "kept/\(partition)/\(position)/\(group)"
        }
    }
}
#endif

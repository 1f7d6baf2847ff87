import FoundationEssentials
import Glibc

/// Reads on in a worker's log: which partitions it says that it holds.
struct WorkerLog {
    enum Change: Equatable {
        case claimed(Lane)
        /// Given up or taken away.
        case left(Lane)
    }

    private struct Line: Decodable {
        var message: String
        var group: String?
        var partition: String?
    }

    let worker: String
    private let path: String
    private var offset = 0

    init(worker: String, path: String) {
        self.worker = worker
        self.path = path
    }

    /// What has happened since the last call.
    mutating func newChanges() -> [Change] { Self.changes(in: newLines()) }

    static func changes(in lines: some Sequence<String>) -> [Change] {
        lines.compactMap { text in
            guard text.contains("\"message\":\"partition "), let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)),
                let group = line.group.flatMap({ Lane.Group(rawValue: $0) }), let partition = line.partition.flatMap({ Int($0) })
            else { return nil }
            let lane = Lane(group: group, partition: partition)
            return switch line.message {
            case "partition claimed": .claimed(lane)
            case "partition released", "partition lost": .left(lane)
            default: nil
            }
        }
    }

    /// Whole lines only: what is being written is read the next time.
    private mutating func newLines() -> [String] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        while true {
            let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 65_536) { buffer in
                let count = pread(file, buffer.baseAddress, buffer.count, offset + bytes.count)
                if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
                return count
            }
            guard count > 0 else { break }
        }
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        offset += end + 1
        return bytes[...end].split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}

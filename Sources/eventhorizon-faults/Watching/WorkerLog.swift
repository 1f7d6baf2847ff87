import FoundationEssentials
import Glibc

/// Reads on in a worker's log: which partitions it says that it has claimed.
struct WorkerLog {
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

    /// What has been claimed since the last call.
    mutating func newClaims() -> [Lane] {
        Self.claims(in: newLines())
    }

    static func claims(in lines: some Sequence<String>) -> [Lane] {
        lines.compactMap { text in
            guard text.contains("\"partition claimed\""), let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)),
                let group = line.group.flatMap({ Lane.Group(rawValue: $0) }), let partition = line.partition.flatMap({ Int($0) })
            else { return nil }
            return Lane(group: group, partition: partition)
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

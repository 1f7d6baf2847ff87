#if Kafka
import EventHorizon

/// What is stored of one partition's outcomes in one transaction.
struct Part: Sendable {
    var buffer = RecordBuffer()
    /// Which records are answered.
    var tokens: [(token: Int, record: Int)] = []
    /// Which records are commits, and whose.
    var commits: [(stream: StreamID, record: Int)] = []
    /// What is committed as the group's progress; nil for what was committed last.
    var progress: Position?

    /// What the member tries next, and what that is answered by.
    var trying: Outcome.Try?

    var isEmpty: Bool { buffer.isEmpty && progress == nil && trying == nil }
    /// Whether somebody waits for it.
    var isAwaited: Bool { !buffer.isEmpty || trying != nil }

    mutating func append(_ other: Part) {
        let first = buffer.records.count
        buffer.append(other.buffer)
        tokens += other.tokens.map { ($0.token, $0.record + first) }
        commits += other.commits.map { ($0.stream, $0.record + first) }
        if let position = other.progress { progress = max(progress ?? .start, position) }
        if let next = other.trying { trying = next }
    }

    /// Takes a record out that the brokers never will store; the token that it is answered by, if any.
    mutating func remove(_ record: Int) -> Int? {
        let token = tokens.first { $0.record == record }?.token
        func without(_ index: Int) -> Int? { index == record ? nil : index > record ? index - 1 : index }
        buffer.remove(record)
        tokens = tokens.compactMap { entry in without(entry.record).map { (entry.token, $0) } }
        commits = commits.compactMap { entry in without(entry.record).map { (entry.stream, $0) } }
        return token
    }
}
#endif

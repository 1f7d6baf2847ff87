#if NATS
import EventHorizon

/// What an application's streams, subjects and keys are called.
struct Names: Sendable {
    let application: String

    /// - Throws: `Misconfiguration` where the name cannot be part of a stream's name.
    init(application: String) throws {
        guard (1...64).contains(application.utf8.count), application.utf8.allSatisfy(SubjectToken.isPlain) else {
            throw Misconfiguration(
                "'\(application)' is no name for an application on NATS: use 1 to 64 characters out of A-Z, a-z, 0-9, '_' and '-'")
        }
        self.application = application
    }

    func stream(_ log: Log) -> String {
        switch log {
        case .commands: "\(application)_COMMANDS"
        case .events: "\(application)_EVENTS"
        case .deadLetters: "\(application)_DEADLETTERS"
        }
    }

    /// The second token of a log's subjects.
    static func token(_ log: Log) -> String {
        switch log {
        case .commands: "cmd"
        case .events: "evt"
        case .deadLetters: "dead"
        }
    }

    func subjects(_ log: Log) -> String { "\(application).\(Self.token(log)).>" }

    /// A partition's subjects, or one category's in it; nil for every partition's.
    func filter(_ log: Log, partition: Int?, category: Category? = nil) -> String {
        let tail = category.map { SubjectToken.escaped($0.description) + ".>" } ?? ">"
        return "\(application).\(Self.token(log)).\(partition.map(String.init) ?? "*").\(tail)"
    }

    func subject(_ log: Log, partition: Int, stream: StreamID) -> [UInt8] {
        var subject: [UInt8] = []
        append(log, partition: partition, stream: stream, to: &subject)
        return subject
    }

    func append(_ log: Log, partition: Int, stream: StreamID, to subject: inout [UInt8]) {
        subject.append(text: application)
        subject.append(UInt8(ascii: "."))
        subject.append(text: Self.token(log))
        subject.append(UInt8(ascii: "."))
        subject.append(decimal: UInt64(partition))
        subject.append(UInt8(ascii: "."))
        SubjectToken.append(stream.category.description, to: &subject)
        subject.append(UInt8(ascii: "."))
        SubjectToken.append(stream.aggregate, to: &subject)
    }

    /// The partition that a log's subject names; nil where it names none.
    func partition(ofSubject subject: UnsafePointer<CChar>, _ log: Log) -> Int? {
        Self.partition(ofSubject: subject, behind: application.utf8.count + 1 + Self.token(log).utf8.count + 1)
    }

    /// - Parameter prefix: How many bytes stand before the number.
    static func partition(ofSubject subject: UnsafePointer<CChar>, behind prefix: Int) -> Int? {
        var at = prefix
        var number = 0
        while let digit = UInt8(exactly: subject[at]), (48...57).contains(digit), number < 1 << 20 {
            number = number * 10 + Int(digit - 48)
            at += 1
        }
        return at > prefix && subject[at] == 46 ? number : nil
    }

    // MARK: The bucket

    var bucketStream: String { "KV_\(application)" }
    var bucketSubjects: String { "$KV.\(application).>" }
    var topologyKey: String { "$KV.\(application).topology" }
    func groupKeys(_ group: String) -> String { "$KV.\(application).\(SubjectToken.escaped(group)).>" }
    func ownershipKey(group: String, partition: Int) -> String { "$KV.\(application).\(SubjectToken.escaped(group)).partition.\(partition)" }
    func presenceKeys(group: String) -> String { "$KV.\(application).\(SubjectToken.escaped(group)).member.*" }
    func presenceKey(group: String, member: String) -> String {
        "$KV.\(application).\(SubjectToken.escaped(group)).member.\(SubjectToken.escaped(member))"
    }

    /// The first position of a commands partition that a dead letter only refers to.
    func keptKey(group: String, partition: Int) -> String { "$KV.\(application).\(SubjectToken.escaped(group)).kept.\(partition)" }

    /// The server closes a connection that publishes on a longer subject.
    static let longestSubject = 4_000
}

extension [UInt8] {
    @inline(__always)
    mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(static text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(decimal value: UInt64) {
        if value < 10 { return append(48 + UInt8(value)) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var at = 20
            var value = value
            repeat {
                at -= 1
                digits[at] = 48 + UInt8(truncatingIfNeeded: value % 10)
                value /= 10
            } while value > 0
            append(contentsOf: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(digits)[at..<20]))
        }
    }
}
#endif

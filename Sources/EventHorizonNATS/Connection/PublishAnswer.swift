#if NATS
/// What the server answers to a publish into a stream, scanned without a parser: it is read once per message.
package enum PublishAnswer: Equatable {
    case stored(sequence: UInt64, isDuplicate: Bool)
    case failed(APIError)
    /// No stream listens, for now or for good.
    case noResponders
    case unreadable

    /// `{"stream":"shop_EVENTS", "seq":123}`, with `"duplicate": true` or `"domain":".."` behind; or `{"error":{..},..}`.
    package init(_ body: UnsafeRawBufferPointer) {
        guard !body.isEmpty else {
            self = .noResponders
            return
        }
        if let error = APIError(in: body) {
            self = .failed(error)
        } else if let sequence = Scan.number(after: "\"seq\":", in: body), sequence > 0 {
            let isDuplicate = Scan.index(after: "\"duplicate\":", in: body).map { Scan.skipBlanks(from: $0, in: body) }.map {
                $0 < body.count && body[$0] == 116
            }
            self = .stored(sequence: sequence, isDuplicate: isDuplicate ?? false)
        } else {
            self = .unreadable
        }
    }
}

/// An error of JetStream's API.
package struct APIError: Error, Equatable, CustomStringConvertible {
    var code: Int
    var errorCode: Int
    var text: String

    static let wrongLastSequence = 10071
    /// The newer servers' other word for it: a write to the same subject is in flight.
    static let wrongLastSequenceConstant = 10164
    static let noMessageFound = 10037
    static let streamNotFound = 10059
    static let streamNameInUse = 10058
    static let subjectsOverlap = 10065
    static let messageExceedsMaximum = 10054
    static let jetStreamNotEnabled = 10076
    static let jetStreamNotEnabledForAccount = 10039

    var isWrongSequence: Bool { errorCode == Self.wrongLastSequence || errorCode == Self.wrongLastSequenceConstant }
    package var description: String { "\(text) (code \(code), error \(errorCode))" }

    init(code: Int, errorCode: Int, text: String) {
        self.code = code
        self.errorCode = errorCode
        self.text = text
    }

    /// Nil where the body has no error. An error is the first member, or follows the type.
    init?(in body: UnsafeRawBufferPointer) {
        guard let start = Scan.index(after: "\"error\":{", in: body, within: 200) ?? Scan.index(after: "\"error\": {", in: body, within: 200) else {
            return nil
        }
        let rest = UnsafeRawBufferPointer(rebasing: body[start...])
        code = Int(clamping: Scan.number(after: "\"code\":", in: rest) ?? 0)
        errorCode = Int(clamping: Scan.number(after: "\"err_code\":", in: rest) ?? 0)
        text = Scan.string(after: "\"description\":", in: rest) ?? "no description"
    }
}

/// Finds members in JSON that a server of ours wrote, where a parser would cost too much.
enum Scan {
    static func index(after text: StaticString, in body: UnsafeRawBufferPointer, from start: Int = 0, within limit: Int = .max) -> Int? {
        let count = text.utf8CodeUnitCount
        let first = text.utf8Start[0]
        let second = text.utf8Start[1]
        let last = min(body.count, limit) - count
        var at = start
        while at <= last {
            if body[at] == first, body[at + 1] == second {
                var same = 2
                while same < count, body[at + same] == text.utf8Start[same] { same += 1 }
                if same == count { return at + count }
            }
            at += 1
        }
        return nil
    }

    static func skipBlanks(from start: Int, in body: UnsafeRawBufferPointer) -> Int {
        var at = start
        while at < body.count, body[at] == 32 { at += 1 }
        return at
    }

    static func number(after text: StaticString, in body: UnsafeRawBufferPointer) -> UInt64? {
        guard let start = index(after: text, in: body) else { return nil }
        var at = skipBlanks(from: start, in: body)
        let first = at
        var value: UInt64 = 0
        while at < body.count, case let digit = body[at] &- 48, digit < 10 {
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        return at > first ? value : nil
    }

    /// The bytes of a string without escapes, up to its closing quote.
    static func rawString(after text: StaticString, in body: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let start = index(after: text, in: body) else { return nil }
        let quote = skipBlanks(from: start, in: body)
        guard quote < body.count, body[quote] == UInt8(ascii: "\"") else { return nil }
        var end = quote + 1
        while end < body.count, body[end] != UInt8(ascii: "\"") { end += body[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < body.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: body[(quote + 1)..<end])
    }

    static func string(after text: StaticString, in body: UnsafeRawBufferPointer) -> String? {
        rawString(after: text, in: body).map { String(decoding: $0, as: UTF8.self) }
    }
}
#endif

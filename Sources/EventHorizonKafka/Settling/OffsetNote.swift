#if Kafka
import EventHorizon

/// What an owner notes beside its group's offset, so that whoever takes over knows how it left: `held by <member>`, with `; trying <position>, attempt <n>`
/// while it works a message alone.
struct OffsetNote: Equatable {
    static let released = "released"
    private static let held = "held by "
    private static let trying = "; trying "
    private static let attempt = ", attempt "

    let owner: String
    let trying: Attempt?

    init(owner: String, trying: Attempt?) {
        self.owner = owner
        self.trying = trying
    }

    /// Nil where nobody left the partition without releasing it.
    init?(_ bytes: some Sequence<UInt8>) {
        let text = Substring(decoding: Array(bytes), as: UTF8.self)
        guard text.hasPrefix(Self.held) else { return nil }
        let rest = text.dropFirst(Self.held.count)
        // From the end: a member's name is its own.
        guard let (before, number) = rest.cut(atLast: Self.attempt), let (owner, position) = before.cut(atLast: Self.trying),
            let number = Int(number), let position = UInt64(position)
        else {
            self.init(owner: String(rest), trying: nil)
            return
        }
        self.init(owner: String(owner), trying: Attempt(position: Position(position), number: number))
    }

    var text: String {
        Self.held + owner + (trying.map { "\(Self.trying)\($0.position)\(Self.attempt)\($0.number)" } ?? "")
    }
}

extension Substring {
    /// The text before and after the last place where `separator` is.
    fileprivate func cut(atLast separator: String) -> (Substring, Substring)? {
        var start = endIndex
        while start > startIndex {
            start = index(before: start)
            if self[start...].hasPrefix(separator) { return (self[..<start], self[start...].dropFirst(separator.count)) }
        }
        return nil
    }
}
#endif

/// Why bytes are not a record: names the field, its value and what it may be.
public struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// With the way to it, `commit.events[3].id`.
    public var field: String
    public var value: String
    /// What the field may be, and the limit's name where there is one.
    public var limit: String

    public init(field: String, value: String, limit: String) {
        self.field = field
        self.value = value
        self.limit = limit
    }

    public var description: String { "\(field) is \(value): \(limit)" }

    func inside(_ outer: String) -> WireError { WireError(field: "\(outer).\(field)", value: value, limit: limit) }
}

public import EventHorizon

extension Int: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(Int64(self), at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard case .integer(let value) = cell else { return nil }
        self.init(exactly: value)
    }
}

extension Int64: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(self, at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard case .integer(let value) = cell else { return nil }
        self = value
    }
}

/// Infinities are kept; SQLite stores what is not a number as NULL.
extension Double: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(self, at: index) }
    /// A whole number is read too: SQLite stores 1.0 as an integer in a column without a type.
    public init?(sqlite cell: SQLiteCell) {
        switch cell {
        case .real(let value): self = value
        case .integer(let value): self.init(exactly: value)
        default: return nil
        }
    }
}

/// Stored as 0 or 1.
extension Bool: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(self ? 1 : 0 as Int64, at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard case .integer(let value) = cell else { return nil }
        self = value != 0
    }
}

extension String: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(self, at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard case .text(let value) = cell else { return nil }
        self = value
    }
}

/// Stored as a blob.
extension [UInt8]: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(self, at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard case .blob(let value) = cell else { return nil }
        self = value
    }
}

extension Optional: SQLiteValue where Wrapped: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws {
        if let value = self { try value.bind(to: statement, at: index) } else { try statement.bindNull(at: index) }
    }
    public init?(sqlite cell: SQLiteCell) {
        if case .null = cell {
            self = .none
        } else {
            guard let value = Wrapped(sqlite: cell) else { return nil }
            self = .some(value)
        }
    }
}

/// Stored as its text.
extension AggregateID: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(description, at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard case .text(let value) = cell else { return nil }
        self.init(value)
    }
}

/// Stored as nanoseconds since 1970.
extension Timestamp: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try statement.bind(nanoseconds, at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard case .integer(let value) = cell else { return nil }
        self.init(nanoseconds: value)
    }
}

/// An enum is stored as its raw value: `extension Status: SQLiteValue {}`.
extension SQLiteValue where Self: RawRepresentable, RawValue: SQLiteValue {
    public func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws { try rawValue.bind(to: statement, at: index) }
    public init?(sqlite cell: SQLiteCell) {
        guard let value = RawValue(sqlite: cell) else { return nil }
        self.init(rawValue: value)
    }
}

/// One row of a query: a copy, so it outlives its transaction.
///
///     for row in try db.rows("SELECT name, age FROM invitation WHERE list = ?", list) {
///         let name: String = try row["name"]
///         let age = try row[1, as: Int?.self]
///     }
///
/// In tests a row is written as a literal: `#expect(rows == [["Athena", 42], ["Hades", nil]])`.
public struct SQLiteRow: Sendable {
    public let cells: [SQLiteCell]
    /// The names of the columns, shared by every row of a query.
    public let columns: [String]

    init(cells: [SQLiteCell], columns: [String]) {
        self.cells = cells
        self.columns = columns
    }

    /// The value of a column, counted from 0.
    /// - Throws: `SQLiteError.Code.column` where there is none or it holds something else: NULL is read as an optional only.
    public subscript<Value: SQLiteValue>(index: Int, as type: Value.Type = Value.self) -> Value {
        get throws {
            guard cells.indices.contains(index) else {
                throw SQLiteError(.column, "column \(index) was asked for, the row has \(cells.count), counted from 0")
            }
            guard let value = Value(sqlite: cells[index]) else {
                let name = columns.indices.contains(index) ? " '\(columns[index])'" : ""
                throw SQLiteError(.column, "column \(index)\(name) holds \(cells[index]), which is no \(Value.self)")
            }
            return value
        }
    }

    /// The value of the first column of this name.
    /// - Throws: `SQLiteError.Code.column` where there is none or it holds something else: NULL is read as an optional only.
    public subscript<Value: SQLiteValue>(name: String, as type: Value.Type = Value.self) -> Value {
        get throws {
            guard let index = columns.firstIndex(of: name) else {
                throw SQLiteError(.column, "there is no column '\(name)', the row has \(columns.joined(separator: ", "))")
            }
            return try self[index, as: type]
        }
    }
}

/// Rows are equal when their cells are: the names of columns do not count.
extension SQLiteRow: Hashable {
    public static func == (a: Self, b: Self) -> Bool { a.cells == b.cells }
    public func hash(into hasher: inout Hasher) { hasher.combine(cells) }
}

extension SQLiteRow: ExpressibleByArrayLiteral {
    public init(arrayLiteral cells: SQLiteCell...) { self.init(cells: cells, columns: []) }
}

extension SQLiteRow: CustomStringConvertible {
    public var description: String { "[\(cells.map(\.description).joined(separator: ", "))]" }
}

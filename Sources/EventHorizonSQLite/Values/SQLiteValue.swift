/// What a statement takes and a column gives: `Int`, `Int64`, `Double`, `String`, `Bool`, `[UInt8]`, an aggregate's id, a timestamp, an enum
/// of these (`extension Status: SQLiteValue {}`), and optionals of them.
public protocol SQLiteValue {
    /// Binds this value to the parameter at `index`, counted from 1, by one call of the statement's `bind`.
    func bind(to statement: borrowing SQLiteStatement, at index: Int32) throws
    /// nil: the cell holds no such value.
    init?(sqlite cell: SQLiteCell)
}

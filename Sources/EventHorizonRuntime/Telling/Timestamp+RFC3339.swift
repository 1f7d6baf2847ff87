package import EventHorizon

extension Timestamp {
    /// UTC, in milliseconds: `2026-02-28T23:59:59.999Z`.
    package var rfc3339: String {
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let (seconds, fraction) = Self.floored(nanoseconds, 1_000_000_000)
        let (day, second) = Self.floored(seconds, 86_400)
        let (year, month, date) = Self.civil(day)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(date, 2))T"
            + "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2)).\(padded(fraction / 1_000_000, 3))Z"
    }

    private static func floored(_ number: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let remainder = number % divisor
        return remainder < 0 ? (number / divisor - 1, remainder + divisor) : (number / divisor, remainder)
    }

    /// The date of a day since 1970-01-01. Years are counted from March, so that the leap day is the last of its year.
    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, date: Int64) {
        // Days since 0000-03-01, within a cycle of 400 years (146,097 days), within a year.
        let (cycle, dayOfCycle) = floored(day + 719_468, 146_097)
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        // Months from March have 31, 30, 31, 30, 31 days, twice: 153 days in five months.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, date)
    }
}

/// How far something is in one partition of a log: positions grow along the partition, with gaps. Zero is before the first.
public struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    public static let start = Position(0)
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    public var description: String { String(rawValue) }
}

/// A log of an application. Every log has the same number of partitions.
public enum Log: UInt8, Sendable, CaseIterable { case commands = 1, events = 2, deadLetters = 3 }

/// Where a message lies. `incarnation` tells a log from another that was created anew under its name, whose positions start again.
public struct Place: Hashable, Sendable {
    public var log: Log
    public var incarnation: UInt64
    public var partition: Int
    public var position: Position
    public init(log: Log, incarnation: UInt64, partition: Int, position: Position) {
        self.log = log
        self.incarnation = incarnation
        self.partition = partition
        self.position = position
    }
}

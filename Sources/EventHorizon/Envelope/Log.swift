/// A log of an application. Every log has the same number of partitions.
public enum Log: UInt8, Sendable, CaseIterable { case commands = 1, events = 2, deadLetters = 3 }

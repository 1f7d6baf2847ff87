public import EventHorizon

/// A promise that a history breaks.
public struct Violation: Sendable, Equatable, CustomStringConvertible {
    /// Which check found it, by the promise's name.
    public struct Check: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ name: String) { description = name }

        /// Every acknowledged command has exactly one outcome, and no command has two.
        public static let outcomes = Check("outcomes")
        /// Commits and versions of a stream are contiguous, in the partition that its id gives.
        public static let streams = Check("streams")
        /// Of a parked stream nothing bypasses what is parked, which is decided in its order; no command is parked twice.
        public static let parking = Check("parking")
        /// A command's events are there once, and are those that its outcome names.
        public static let effects = Check("effects")
        /// What was told is what the log says.
        public static let answers = Check("answers")
        /// What one client sent to one stream was decided in that order.
        public static let order = Check("order")
        /// The effects of a saga's step became commands that were decided once each.
        public static let sagaSteps = Check("saga steps")
        /// Causation is a tree rooted at a client's command, and correlation is the root's id all along it.
        public static let lineage = Check("lineage")
        /// No read model claims to have seen what is not in the log, and none is behind.
        public static let checkpoints = Check("checkpoints")
        /// What was once read of a log is still there.
        public static let durability = Check("durability")
        /// Nothing of an aborted transaction was seen by anybody.
        public static let aborted = Check("aborted")
        /// Everything in the logs can be read.
        public static let records = Check("records")
    }

    public var check: Check
    /// Whose history shows it; nil where no one stream does.
    public var stream: StreamID?
    /// A sentence.
    public var text: String

    public init(_ check: Check, _ stream: StreamID? = nil, _ text: String) {
        self.check = check
        self.stream = stream
        self.text = text
    }

    public var description: String { "\(check)\(stream.map { ", \($0)" } ?? ""): \(text)" }
}

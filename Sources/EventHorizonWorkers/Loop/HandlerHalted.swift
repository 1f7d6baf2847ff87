public import EventHorizon

/// A message failed whose policy is to halt. Thrown out of a worker's `run()`.
public struct HandlerHalted: Error, Sendable, Equatable, CustomStringConvertible {
    public let group: String
    /// Nil where the message's own words cannot be trusted.
    public let stream: StreamID?
    public let type: String
    public let reason: String

    public var description: String {
        "group '\(group)' halts at '\(type)' for '\(stream?.description ?? "an unknown stream")', as its failure policy says: \(reason). Mend the cause and start the worker again, "
            + "or let the policy park or skip"
    }
}

/// The W3C trace context of a message (https://www.w3.org/TR/trace-context/), as it travels: never parsed on the hot path.
public struct TraceContext: Hashable, Sendable {
    /// `00-<trace id>-<parent id>-<flags>`
    public var traceparent: String
    public var tracestate: String
    public init(traceparent: String, tracestate: String = "") {
        self.traceparent = traceparent
        self.tracestate = tracestate
    }
}

#if ServerEcosystem
public import EventHorizon
public import Tracing

// The tracer decides what it writes under which key. Messages carry the two keys of W3C Trace Context; what a tracer writes under others stays
// behind.

extension TraceContext {
    /// What the tracer writes of `context`; nil where it writes no `traceparent`.
    public init?(_ context: ServiceContext, using instrument: any Instrumentation.Instrument = InstrumentationSystem.instrument) {
        var fields = TraceContext(traceparent: "")
        instrument.inject(context, into: &fields, using: TraceFields())
        guard !fields.traceparent.isEmpty else { return nil }
        self = fields
    }
}

extension ServiceContext {
    /// `self` with what the tracer reads of a message's trace context.
    public func continuing(
        _ trace: TraceContext?, using instrument: any Instrumentation.Instrument = InstrumentationSystem.instrument
    ) -> ServiceContext {
        guard let trace else { return self }
        var context = self
        instrument.extract(trace, into: &context, using: TraceFields())
        return context
    }
}

private struct TraceFields: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout TraceContext) {
        switch key.lowercased() {
        case "traceparent": carrier.traceparent = value
        case "tracestate": carrier.tracestate = value
        default: break
        }
    }

    func extract(key: String, from carrier: TraceContext) -> String? {
        switch key.lowercased() {
        case "traceparent": carrier.traceparent
        case "tracestate": carrier.tracestate.isEmpty ? nil : carrier.tracestate
        default: nil
        }
    }
}
#endif

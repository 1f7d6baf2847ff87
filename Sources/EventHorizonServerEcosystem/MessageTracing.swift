#if ServerEcosystem
internal import EventHorizon
internal import Tracing

/// Spans of messages.
struct MessageTracing: Sendable {
    let tracer: any Tracer

    /// Starts a span below the message's trace, or the task's where it has none; the message then carries the span.
    func start(_ operation: String, _ kind: SpanKind, _ message: inout Envelope) -> any Span {
        let span = start(operation, kind, type: message.payload.name, message)
        carry(span, in: &message)
        return span
    }

    /// One span for each run of events that share their trace: those that follow from one command. The events then carry it.
    func start(_ operation: String, _ kind: SpanKind, _ commit: inout Commit) -> [any Span] {
        var spans: [any Span] = []
        var trace: TraceContext?
        for index in commit.events.indices {
            if index == 0 || commit.events[index].trace != trace {
                trace = commit.events[index].trace
                spans.append(start(operation, kind, type: commit.stream.category.description, commit.events[index]))
            }
            carry(spans[spans.count - 1], in: &commit.events[index])
        }
        return spans
    }

    private func start(_ operation: String, _ kind: SpanKind, type: String, _ message: Envelope) -> any Span {
        let parent = message.trace == nil ? ServiceContext.current ?? .topLevel : ServiceContext.topLevel.continuing(message.trace, using: tracer)
        let span = tracer.startAnySpan("\(operation) \(type)", context: parent, ofKind: kind)
        // An unsampled span costs no attributes.
        guard span.isRecording else { return span }
        span.attributes["messaging.system"] = "eventhorizon"
        span.attributes["messaging.operation.name"] = operation
        span.attributes["messaging.destination.name"] = message.stream.category.description
        span.attributes["messaging.message.id"] = message.id.description
        span.attributes["messaging.message.conversation_id"] = message.correlation.description
        return span
    }

    private func carry(_ span: any Span, in message: inout Envelope) {
        if let trace = TraceContext(span.context, using: tracer) { message.trace = trace }
    }
}
#endif

#if ServerEcosystem
public import EventHorizon
public import Tracing

/// A broker that traces what passes through it: a span for each command that is sent, and one for each that is handled, as long as it takes until its
/// outcome is durable; likewise for the events that a projector or a saga reads.
///
///     let broker = TracingBroker(try NATSBroker(configuration, surroundings: .system))
///
/// Messages carry the span they were made in, so that a trace runs from the client's request through aggregates and sagas to read models. It costs a
/// span for each message: let the tracer sample. It needs a tracer that speaks W3C Trace Context; what it writes under other keys stays behind.
///
/// Attributes are those of OpenTelemetry's messaging conventions. A span that ends without its outcome, since the partition went to another member
/// or the worker left, has the status error; whoever has the partition then makes another one.
public struct TracingBroker: Broker {
    private let broker: any Broker
    private let tracing: MessageTracing

    /// - Parameter tracer: the one that `InstrumentationSystem` was bootstrapped with where it is nil.
    public init(_ broker: any Broker, tracer: (any Tracer)? = nil) {
        self.broker = broker
        tracing = MessageTracing(tracer: tracer ?? InstrumentationSystem.tracer)
    }

    public var application: String { broker.application }
    public var features: BrokerFeatures { broker.features }
    public var surroundings: Surroundings { broker.surroundings }

    public func publish(_ commands: [Envelope]) async throws -> [PublishResult] {
        var commands = commands
        let spans = commands.indices.map { tracing.start("send", .producer, &commands[$0]) }
        do {
            let results = try await broker.publish(commands)
            for (span, result) in zip(spans, results) {
                if case .refused(let reason) = result { span.setStatus(SpanStatus(code: .error, message: reason)) }
                span.end()
            }
            return results
        } catch {
            for span in spans { span.end(with: error) }
            throw error
        }
    }

    public func request(_ command: Envelope, within limit: Duration) async throws -> Answer {
        var command = command
        let span = tracing.start("ask", .client, &command)
        do {
            let answer = try await broker.request(command, within: limit)
            span.end()
            return answer
        } catch {
            span.end(with: error)
            throw error
        }
    }

    public func withMember<Value: Sendable>(of group: GroupDeclaration, _ body: (any GroupMember) async throws -> Value) async throws -> Value {
        try await broker.withMember(of: group) { member in
            let member = TracingMember(member, group: group.name, tracing: tracing)
            defer { member.leave() }
            return try await body(member)
        }
    }

    /// Untraced: whoever reads a log without a group handles no message.
    public func read(_ range: LogRange, _ body: ([LogRecord]) async throws -> Bool) async throws { try await broker.read(range, body) }
}

extension Span {
    func end(with error: any Error) {
        recordError(error)
        setStatus(SpanStatus(code: .error, message: "\(error)"))
        end()
    }
}
#endif

#if ServerEcosystem
import EventHorizon
import EventHorizonMemory
import EventHorizonServerEcosystem
import EventHorizonWorkers
import InMemoryTracing
import Synchronization
import Testing
import Tracing

private struct Fields: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

/// The in-memory tracer with the keys of W3C Trace Context.
struct W3CTracer: Tracer {
    let memory: InMemoryTracer
    init() {
        let ids = Counter()
        @Sendable func id(_ width: Int) -> String {
            let digits = "\(ids.next())"
            return String(repeating: "0", count: width - digits.count) + digits
        }
        memory = InMemoryTracer(idGenerator: .init(nextTraceID: { id(32) }, nextSpanID: { id(16) }))
    }

    final class Counter: Sendable {
        private let value = Atomic(0)
        func next() -> Int { value.add(1, ordering: .relaxed).newValue }
    }

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind, at instant: @autoclosure () -> Instant,
        function: String, file fileID: String, line: UInt
    ) -> InMemorySpan {
        memory.startSpan(operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID, line: line)
    }

    func forceFlush() {}

    func inject<Carrier, Inject: Injector>(_ context: ServiceContext, into carrier: inout Carrier, using injector: Inject)
    where Inject.Carrier == Carrier {
        guard let span = context.inMemorySpanContext else { return }
        injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
        injector.inject("vendor=1", forKey: "tracestate", into: &carrier)
        injector.inject("gone", forKey: "baggage", into: &carrier)
    }

    func extract<Carrier, Extract: Extractor>(_ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract)
    where Extract.Carrier == Carrier {
        guard let parts = extractor.extract(key: "traceparent", from: carrier)?.split(separator: "-"), parts.count == 4 else { return }
        memory.extract(
            [InMemoryTracer.traceIDKey: String(parts[1]), InMemoryTracer.spanIDKey: String(parts[2])], into: &context, using: Fields())
    }
}

struct Door: Aggregate {
    static let category = "test.v1.Door"
    enum Command: Message {
        case open
        enum CodingKeys: String, MessageName { case open = "test.v1.OpenDoor" }
    }
    enum Event: Message {
        case opened
        enum CodingKeys: String, MessageName { case opened = "test.v1.DoorOpened" }
    }
    enum Rejection: Error, Codable, Equatable { case isOpen }
    private var isOpen = false
    func decide(_ command: Command) throws(Rejection) -> [Event] {
        guard !isOpen else { throw .isOpen }
        return [.opened]
    }
    mutating func evolve(with event: Event) { isOpen = true }
}

/// Opens the door next to one that was opened, once.
struct Draught: Saga {
    static let name = "draught"
    static let reads = Events(of: Door.self)
    static func route(_ event: Recorded<Door>) -> SagaRoute { "\(event.aggregate)" == "front" ? .startOrResume("house") : .ignore }
    mutating func react(to event: Recorded<Door>) -> [Effect] { [.send(.open, to: AggregateID<Door>("back"))] }
}

@Suite(.timeLimit(.minutes(1))) struct TracingTests {
    let tracer = W3CTracer()

    @Test func a_trace_context_goes_into_a_message_and_comes_back() throws {
        let span = tracer.startAnySpan("request", context: .topLevel, ofKind: .server)
        let trace = try #require(TraceContext(span.context, using: tracer))
        #expect(trace == TraceContext(traceparent: "00-00000000000000000000000000000001-0000000000000002-01", tracestate: "vendor=1"))
        let continued = ServiceContext.topLevel.continuing(trace, using: tracer)
        #expect(continued.inMemorySpanContext?.traceID == span.context.inMemorySpanContext?.traceID)
        #expect(continued.inMemorySpanContext?.spanID == span.context.inMemorySpanContext?.spanID)
        #expect(ServiceContext.topLevel.continuing(nil, using: tracer).inMemorySpanContext == nil)
    }

    @Test func a_context_without_a_span_has_no_trace() {
        #expect(TraceContext(.topLevel, using: tracer) == nil)
    }

    @Test func a_trace_runs_from_the_request_through_aggregates_and_sagas() async throws {
        let broker = TracingBroker(MemoryBroker(application: "house", partitionCount: 2), tracer: tracer)
        let (told, report) = AsyncStream.makeStream(of: Signal.self)
        var handler = CommandHandlerWorker(Door.self, broker: broker)
        handler.instruments = [Telling(report: report)]
        let saga = SagaWorker(Draught.self, broker: broker)

        let root = tracer.startAnySpan("request", context: .topLevel, ofKind: .server)
        try await withThrowingTaskGroup(of: Void.self) { [handler] group in
            group.addTask { try await handler.run() }
            group.addTask { try await saga.run() }
            try await ServiceContext.withValue(root.context) {
                let commands = CommandPublisher(broker: broker)
                let front = AggregateID<Door>("front")
                guard case .accepted = try await commands.ask(.open, to: front) else { return #expect(Bool(false), "not accepted") }
                guard case .rejected(.isOpen) = try await commands.ask(.open, to: front) else { return #expect(Bool(false), "not rejected") }
            }
            // Both doors are open when two events are stored.
            var events = 0
            for await signal in told {
                if case .batchSettled(_, let counts) = signal { events += counts.events }
                if events == 2 { break }
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        root.end()

        let spans = tracer.memory.finishedSpans
        #expect(tracer.memory.activeSpans.isEmpty)
        let names = Dictionary(grouping: spans, by: \.operationName).mapValues(\.count)
        #expect(names["ask test.v1.OpenDoor"] == 2)
        // The two that were asked, and the saga's one.
        #expect(names["process test.v1.OpenDoor"] == 3)
        #expect(Set(spans.map(\.traceID)).count == 1)

        /// From a span up to the root, by name.
        func lineage(_ span: FinishedInMemorySpan) -> [String] {
            let parent = spans.first { $0.spanID == span.parentSpanID }
            return [span.operationName] + (parent.map(lineage) ?? [])
        }
        let longest = try #require(spans.filter { $0.operationName == "process test.v1.OpenDoor" }.map(lineage).max { $0.count < $1.count })
        #expect(longest.first == "process test.v1.OpenDoor")
        #expect(longest.suffix(4) == ["process test.v1.Door", "process test.v1.OpenDoor", "ask test.v1.OpenDoor", "request"])

        let processed = try #require(spans.first { $0.operationName == "process test.v1.OpenDoor" })
        #expect(processed.kind == .consumer)
        #expect(processed.attributes.get("messaging.consumer.group.name") == .string("commands.test.v1.Door"))
        #expect(processed.attributes.get("messaging.destination.name") == .string("test.v1.Door"))
    }

    @Test func a_command_that_is_refused_is_a_failed_span() async throws {
        let broker = TracingBroker(MemoryBroker(application: "house", partitionCount: 1), tracer: tracer)
        let huge = Envelope(
            id: broker.surroundings.makeID(), kind: .command, stream: StreamID("test.v1.Door", "front"),
            payload: Payload(name: "test.v1.OpenDoor", contentType: "application/json", bytes: Array(repeating: 0x20, count: 2_000_000)),
            correlation: broker.surroundings.makeID(), occurredAt: broker.surroundings.clock.time)
        guard case .refused = try await broker.publish([huge])[0] else { return #expect(Bool(false), "not refused") }
        #expect(tracer.memory.finishedSpans.map(\.operationName) == ["send test.v1.OpenDoor"])
        #expect(tracer.memory.finishedSpans.first?.status?.code == .error)
    }
}
#endif

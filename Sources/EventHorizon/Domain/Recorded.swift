/// An event with its place in its aggregate's stream.
public struct Recorded<Source: EventSource>: Sendable, Equatable {
    public let body: Source.Event
    public let aggregate: AggregateID<Source>
    /// 1-based within the stream, without gaps.
    public let version: Int
    public let time: Timestamp

    public init(_ body: Source.Event, of aggregate: AggregateID<Source>, version: Int = 1, time: Timestamp = .init(nanoseconds: 0)) {
        self.body = body
        self.aggregate = aggregate
        self.version = version
        self.time = time
    }
}

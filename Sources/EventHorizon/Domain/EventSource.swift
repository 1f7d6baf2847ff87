/// A category of streams, seen by who reads it.
public protocol EventSource: Sendable {
    associatedtype Event: Message
    static var category: String { get }
}

extension EventSource { public typealias ID = AggregateID<Self> }

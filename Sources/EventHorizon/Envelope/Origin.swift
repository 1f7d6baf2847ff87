/// What a saga's router adds to an event, or to the rejection of an effect, when it sends it to the saga's own stream.
public struct Origin: Sendable, Equatable {
    public enum Kind: UInt8, Sendable {
        /// The event starts the saga; one that runs already goes on.
        case start = 1
        /// The event is for a saga that runs; without one it says nothing.
        case resume = 2
        case startOrResume = 3
        /// The payload is the reason why the aggregate rejected `command`.
        case rejection = 4
    }
    public var kind: Kind
    /// Whose event it was, or who rejected.
    public var stream: StreamID
    /// Where the event lies, or the rejection: what was passed on before from this place or one after it is a repeat.
    public var place: Place
    /// The event's version; 0 for a rejection.
    public var version: Int
    public var time: Timestamp
    /// The saga's command that was rejected.
    public var command: Payload?
    public init(kind: Kind, stream: StreamID, place: Place, version: Int, time: Timestamp, command: Payload? = nil) {
        self.kind = kind
        self.stream = stream
        self.place = place
        self.version = version
        self.time = time
        self.command = command
    }
}

/// A command or an event with all that travels beside its payload.
public struct Envelope: Sendable, Equatable {
    public enum Kind: UInt8, Sendable { case command = 1, event = 2 }

    public var id: MessageID
    public var kind: Kind
    /// Whom a command is for, whose an event is.
    public var stream: StreamID
    public var payload: Payload
    /// A command's condition on its aggregate's version; nil for none.
    public var expectedVersion: Int?
    /// The id of the command that a client sent and that all this follows from.
    public var correlation: MessageID
    /// The id of the message that this one follows from; nil where a client started it.
    public var causation: MessageID?
    public var occurredAt: Timestamp
    public var trace: TraceContext?
    /// The saga's stream that sent this command; nil for a client's.
    public var sender: StreamID?
    /// What a saga's router passes on: whose event the payload is. Nil for every other command.
    public var origin: Origin?
    public var tenant: String
    public var principal: String
    /// Where the answer goes, in the broker's own terms; empty for nowhere.
    public var replyTo: String
    /// A command that is read later than this is not decided; nil for never.
    public var expiry: Timestamp?
    /// What an application adds; passed from stage to stage as it is.
    public var metadata: [String: String]

    public init(
        id: MessageID, kind: Kind, stream: StreamID, payload: Payload, expectedVersion: Int? = nil, correlation: MessageID,
        causation: MessageID? = nil,
        occurredAt: Timestamp, trace: TraceContext? = nil, sender: StreamID? = nil, origin: Origin? = nil, tenant: String = "",
        principal: String = "", replyTo: String = "",
        expiry: Timestamp? = nil, metadata: [String: String] = [:]
    ) {
        self.id = id
        self.kind = kind
        self.stream = stream
        self.payload = payload
        self.expectedVersion = expectedVersion
        self.correlation = correlation
        self.causation = causation
        self.occurredAt = occurredAt
        self.trace = trace
        self.sender = sender
        self.origin = origin
        self.tenant = tenant
        self.principal = principal
        self.replyTo = replyTo
        self.expiry = expiry
        self.metadata = metadata
    }

    /// A message that follows from this one: correlation, trace, tenant, principal and metadata pass on, this id is its cause.
    public func following(id: MessageID, kind: Kind, stream: StreamID, payload: Payload, at time: Timestamp) -> Envelope {
        Envelope(
            id: id, kind: kind, stream: stream, payload: payload, correlation: correlation, causation: self.id, occurredAt: time, trace: trace,
            tenant: tenant, principal: principal, metadata: metadata)
    }
}

/// A command or an event with all that travels beside its payload.
///
/// What few messages have lies in one shared box: envelopes are copied at every stage, and most copies are of messages without it.
public struct Envelope: Sendable, Equatable {
    public enum Kind: UInt8, Sendable { case command = 1, event = 2 }

    public var id: MessageID
    public var kind: Kind
    /// Whom a command is for, whose an event is.
    public var stream: StreamID
    public var payload: Payload
    /// The id of the command that a client sent and that all this follows from.
    public var correlation: MessageID
    /// The id of the message that this one follows from; nil where a client started it.
    public var causation: MessageID?
    public var occurredAt: Timestamp
    /// Nil where all of it is absent.
    private var extras: Shared<Extras>?

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
        self.correlation = correlation
        self.causation = causation
        self.occurredAt = occurredAt
        let isPlain =
            expectedVersion == nil && trace == nil && sender == nil && origin == nil && tenant.isEmpty && principal.isEmpty && replyTo.isEmpty
            && expiry == nil && metadata.isEmpty
        guard !isPlain else { return }
        extras = Shared(
            Extras(
                expectedVersion: expectedVersion, trace: trace, sender: sender, origin: origin, tenant: tenant, principal: principal,
                replyTo: replyTo, expiry: expiry, metadata: metadata))
    }

    /// A message that follows from this one: correlation, trace, tenant, principal and metadata pass on, this id is its cause.
    public func following(id: MessageID, kind: Kind, stream: StreamID, payload: Payload, at time: Timestamp) -> Envelope {
        Envelope(
            id: id, kind: kind, stream: stream, payload: payload, correlation: correlation, causation: self.id, occurredAt: time, trace: trace,
            tenant: tenant, principal: principal, metadata: metadata)
    }
}

extension Envelope {
    /// A command's condition on its aggregate's version; nil for none.
    public var expectedVersion: Int? {
        get { extras?.value.expectedVersion }
        set { change { $0.expectedVersion = newValue } }
    }
    public var trace: TraceContext? {
        get { extras?.value.trace }
        set { change { $0.trace = newValue } }
    }
    /// The saga's stream that sent this command; nil for a client's.
    public var sender: StreamID? {
        get { extras?.value.sender }
        set { change { $0.sender = newValue } }
    }
    /// What a saga's router passes on: whose event the payload is. Nil for every other command.
    public var origin: Origin? {
        get { extras?.value.origin }
        set { change { $0.origin = newValue } }
    }
    public var tenant: String {
        get { extras?.value.tenant ?? "" }
        set { change { $0.tenant = newValue } }
    }
    public var principal: String {
        get { extras?.value.principal ?? "" }
        set { change { $0.principal = newValue } }
    }
    /// Where the answer goes, in the broker's own terms; empty for nowhere.
    public var replyTo: String {
        get { extras?.value.replyTo ?? "" }
        set { change { $0.replyTo = newValue } }
    }
    /// A command that is read later than this is not decided; nil for never.
    public var expiry: Timestamp? {
        get { extras?.value.expiry }
        set { change { $0.expiry = newValue } }
    }
    /// What an application adds; passed from stage to stage as it is.
    public var metadata: [String: String] {
        get { extras?.value.metadata ?? [:] }
        set { change { $0.metadata = newValue } }
    }

    private mutating func change(_ body: (inout Extras) -> Void) {
        var changed = extras?.value ?? Extras()
        body(&changed)
        extras = changed == Extras() ? nil : Shared(changed)
    }
}

/// What few messages have.
private struct Extras: Sendable, Equatable {
    var expectedVersion: Int?
    var trace: TraceContext?
    var sender: StreamID?
    var origin: Origin?
    var tenant = ""
    var principal = ""
    var replyTo = ""
    var expiry: Timestamp?
    var metadata: [String: String] = [:]
}

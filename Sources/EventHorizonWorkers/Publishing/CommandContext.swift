public import EventHorizon

/// What travels with a command beside its payload.
public struct CommandContext: Sendable, Equatable {
    /// The command's own id; nil makes one.
    public var id: MessageID?
    /// Of the client's first command that this one follows from; nil starts a lineage.
    public var correlation: MessageID?
    /// Of the message that this command follows from.
    public var causation: MessageID?
    /// Decides only if the aggregate is at this version; nil for any.
    public var expectedVersion: Int?
    /// A worker that reads the command later than this, by its own clock, does not decide it; nil for never.
    public var expiry: Timestamp?
    public var trace: TraceContext?
    public var tenant: String
    public var principal: String
    public var metadata: [String: String]

    public init(
        id: MessageID? = nil, correlation: MessageID? = nil, causation: MessageID? = nil, expectedVersion: Int? = nil,
        expiry: Timestamp? = nil, trace: TraceContext? = nil,
        tenant: String = "", principal: String = "", metadata: [String: String] = [:]
    ) {
        self.id = id
        self.correlation = correlation
        self.causation = causation
        self.expectedVersion = expectedVersion
        self.expiry = expiry
        self.trace = trace
        self.tenant = tenant
        self.principal = principal
        self.metadata = metadata
    }
}

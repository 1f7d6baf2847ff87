/// What a record may hold at most. A record beyond a limit is refused before memory is taken for it.
///
/// The limits are wide: what fits into a broker's record and comes of sane names is within them. Raise one in every reader before a writer makes use
/// of it, and let a writer ask `WireCodec.check` first where a value may be beyond: what was written beyond a reader's limit cannot be read by it.
public struct WireLimits: Sendable, Equatable {
    /// In bytes.
    public var recordSize = 8 << 20
    public var eventsPerCommit = 262_144
    public var decidedPerCommit = 262_144
    public var recentPerCommit = 1_024
    public var inputsPerCommit = 1_024
    /// Effects of a saga's step, and as many commands to undo.
    public var effectsPerStep = 262_144
    public var metadataEntries = 256
    /// In bytes, as all lengths below.
    public var aggregateID = 1_024
    /// Of a category, the name of a type, a group, a projector, a media type, a key of the metadata.
    public var name = 256
    /// Of a tenant, a principal, a reply address, a member, a store.
    public var identity = 1_024
    /// Of a reason, a value of the metadata, a trace header, a type that a dead letter only claims.
    public var text = 1 << 20
    public var partitions = 65_536
    public var groups = 10_000
    public var categoriesPerGroup = 10_000
    public var heldStreams = 10_000

    public init() {}
}

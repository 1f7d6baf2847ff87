/// What a record may hold at most. A record beyond a limit is refused before memory is taken for it.
///
/// Raise a limit in every reader before a writer makes use of it: what was written beyond a reader's limit cannot be read by it.
public struct WireLimits: Sendable, Equatable {
    /// In bytes.
    public var recordSize = 8 << 20
    public var eventsPerCommit = 10_000
    public var decidedPerCommit = 10_000
    public var recentPerCommit = 1_000
    public var inputsPerCommit = 64
    /// Effects of a saga's step, and as many commands to undo.
    public var effectsPerStep = 10_000
    public var metadataEntries = 256
    /// In bytes, as all lengths below.
    public var aggregateID = 1_024
    /// Of a category, the name of a type, a group, a member, a projector, a media type, a key of the metadata.
    public var name = 256
    /// Of a tenant, a principal, a reply address.
    public var identity = 1_024
    /// Of a reason, a value of the metadata, a trace header.
    public var text = 65_536
    public var partitions = 65_536
    public var groups = 10_000
    public var categoriesPerGroup = 10_000

    public init() {}
}

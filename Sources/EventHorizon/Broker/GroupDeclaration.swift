/// A group: the durable identity of a handler, whose members split the partitions of a log between them.
public struct GroupDeclaration: Sendable, Equatable {
    /// Where a group begins that has no record yet.
    public enum Start: Sendable, Equatable { case beginning, end }

    public var name: String
    /// The log that the group reads.
    public var log: Log
    /// The categories that the group asks for. A category of the commands log is handled by exactly one group.
    /// Records of other categories are skipped undecoded and counted.
    public var categories: Set<Category>
    /// Commits of any category also pass if they decided a command that one of these categories' streams sent.
    public var senders: Set<Category>
    public var start: Start
    /// Where each partition is read from is the member's to say (`Outcome.starts`): a projector's checkpoint lies with its rows.
    public var keepsOwnProgress: Bool
    /// The identity of the store that the group writes; a member with another one is refused. Nil for a group without, or a store that several hosts share.
    public var store: String?

    public init(
        name: String, log: Log, categories: Set<Category>, senders: Set<Category> = [], start: Start = .beginning, keepsOwnProgress: Bool = false,
        store: String? = nil
    ) {
        self.name = name
        self.log = log
        self.categories = categories
        self.senders = senders
        self.start = start
        self.keepsOwnProgress = keepsOwnProgress
        self.store = store
    }
}

/// What every worker of an application must agree on, recorded in the broker when the application is created.
public struct Topology: Sendable, Equatable {
    public struct Group: Sendable, Equatable {
        public var name: String
        public var log: Log
        public var categories: Set<Category>
        public var store: String?
        public init(name: String, log: Log, categories: Set<Category>, store: String?) {
            self.name = name
            self.log = log
            self.categories = categories
            self.store = store
        }
    }

    /// Cannot change once recorded.
    public var partitionCount: Int
    /// By log.
    public var incarnations: [Log: UInt64]
    public var groups: [String: Group]

    public static let defaultPartitionCount = 8

    public init(partitionCount: Int, incarnations: [Log: UInt64], groups: [String: Group] = [:]) {
        self.partitionCount = partitionCount
        self.incarnations = incarnations
        self.groups = groups
    }

    /// Records a group; whether anything changed.
    /// - Throws: `Misconfiguration` where it contradicts what is recorded.
    public mutating func record(_ declaration: GroupDeclaration) throws -> Bool {
        let name = declaration.name
        if let known = groups[name] {
            guard known.log == declaration.log else {
                throw Misconfiguration(
                    "group '\(name)' is recorded as a reader of the \(known.log) log and wants to read \(declaration.log): give one of them another name"
                )
            }
            if let store = declaration.store, let recorded = known.store, store != recorded {
                throw Misconfiguration(
                    "group '\(name)' keeps its read model in the store '\(recorded)', this member opened '\(store)': "
                        + "a SQLite file is local, so let every member open the same file, use another store, or name another group")
            }
        }
        if declaration.log == .commands {
            for other in groups.values where other.name != name && other.log == .commands {
                if let category = other.categories.intersection(declaration.categories).min(by: { $0.description < $1.description }) {
                    throw Misconfiguration(
                        "category '\(category)' is handled by group '\(other.name)' already and '\(name)' wants it too: a category is handled by exactly one group"
                    )
                }
            }
        }
        var group = groups[name] ?? Group(name: name, log: declaration.log, categories: [], store: nil)
        group.categories = declaration.log == .commands ? group.categories.union(declaration.categories) : declaration.categories
        group.store = group.store ?? declaration.store
        defer { groups[name] = group }
        return groups[name] != group
    }
}

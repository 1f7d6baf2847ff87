/// What has happened since the last turn.
public struct Turn: Sendable {
    /// Partitions that the member holds from now on. Nothing is delivered until `Outcome.starts` says from where.
    public var claimed: [Claim] = []
    /// Partitions that another member is to have: finish what is in hand, then put them into `Outcome.releases`. No further delivery comes.
    public var revoked: [Int] = []
    /// Partitions that are lost already: what was submitted for them is answered no more and may or may not have been stored.
    public var lost: [Int] = []
    /// In order of position within a partition.
    public var deliveries: [Delivery] = []
    public var answers: [SettleAnswer] = []
    public var loaded: [LoadedStream] = []
    public var notices: [BrokerNotice] = []
    /// The task is cancelled: stop the intake, settle what is in hand, release every partition.
    public var isDraining = false

    public init() {}

    public var isEmpty: Bool {
        claimed.isEmpty && revoked.isEmpty && lost.isEmpty && deliveries.isEmpty && answers.isEmpty && loaded.isEmpty && notices.isEmpty
    }

    public mutating func removeAll() {
        claimed.removeAll(keepingCapacity: true)
        revoked.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        deliveries.removeAll(keepingCapacity: true)
        answers.removeAll(keepingCapacity: true)
        loaded.removeAll(keepingCapacity: true)
        notices.removeAll(keepingCapacity: true)
        isDraining = false
    }
}

public struct Claim: Sendable, Equatable {
    public var partition: Int
    /// The group's recorded progress: everything up to here is settled.
    public var progress: Position
    /// The end of the partition when it was claimed.
    public var end: Position
    /// Whether the last owner left without releasing.
    public var isUnclean: Bool
    public init(partition: Int, progress: Position, end: Position, isUnclean: Bool) {
        self.partition = partition
        self.progress = progress
        self.end = end
        self.isUnclean = isUnclean
    }
}

/// A record of the log that is read.
public struct Delivery: Sendable {
    public enum Content: Sendable {
        case command(Envelope)
        case commit(Commit)
        /// `stream` is nil where the record's own words cannot be trusted: random bytes, an empty id, headers that contradict the body.
        case undecodable(record: [UInt8], stream: StreamID?, type: String, reason: String)
        /// Records that the group did not ask for, up to this position.
        case skipped(count: Int)
    }
    public var partition: Int
    public var position: Position
    public var content: Content
    public init(partition: Int, position: Position, content: Content) {
        self.partition = partition
        self.position = position
        self.content = content
    }
}

/// The answer to what bore `token` in an outcome.
public struct SettleAnswer: Sendable {
    public enum Result: Sendable, Equatable {
        /// Durable, at this position: of the events log for a commit, of the commands log for a message, of the dead-letter log for a letter.
        case stored(Position)
        /// This very commit was stored before, there.
        case duplicate(Position)
        /// Another commit occupies the place, there.
        case conflict(Position)
        /// Not stored and never will be; the reason names the value and the remedy.
        case refused(reason: String)
    }
    public var token: Int
    public var result: Result
    public init(token: Int, result: Result) {
        self.token = token
        self.result = result
    }
}

public struct StoredCommit: Sendable, Equatable {
    public var commit: Commit
    public var position: Position
    public init(commit: Commit, position: Position) {
        self.commit = commit
        self.position = position
    }
}

/// The answer to a load. Empty for a stream that does not exist.
public struct LoadedStream: Sendable {
    public enum Result: Sendable {
        /// In order of commit number.
        case commits([StoredCommit])
        /// A record of the stream cannot be read by this build: deploy a newer one.
        case unreadable(reason: String)
    }
    public var token: Int
    public var result: Result
    public init(token: Int, result: Result) {
        self.token = token
        self.result = result
    }
}

/// What a broker has to tell.
public enum BrokerNotice: Sendable, Equatable {
    case connectionLost(reason: String)
    case connectionRestored
    /// Nothing was heard for a partition that should have been; reading begins again.
    case readerRestarted(partition: Int, reason: String)
    /// An append has been unanswered for long, or the partition cannot be claimed.
    case stalled(partition: Int, reason: String)
}

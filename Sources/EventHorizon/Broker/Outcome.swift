/// What a member's loop wants done. Tokens are the loop's own numbers; every token is answered once, unless its partition is lost.
public struct Outcome: Sendable {
    /// Delivers from after this position, for a partition that was claimed.
    public var starts: [(partition: Int, after: Position)] = []
    public var loads: [Load] = []
    public var appends: [Append] = []
    /// Commands to publish.
    public var messages: [Message] = []
    public var letters: [Letter] = []
    /// Not answered; lost where the client is gone.
    public var replies: [(to: String, answer: Answer)] = []
    /// Everything up to here is settled and answered. May be recorded later than it is said, by at most 100 ms, never earlier.
    public var progress: [(partition: Int, position: Position)] = []
    /// What is tried next, recorded with all progress said so far before it is answered, so that whoever takes over is told should its owner die of it.
    /// One a partition: the next takes its place; progress that moves there, and a release, end it.
    public var tries: [Try] = []
    /// How many deliveries of a partition are done with, skipped records not counted: what is delivered and not finished is bounded.
    public var finished: [(partition: Int, count: Int)] = []
    /// Partitions to give up, after progress is recorded.
    public var releases: [Int] = []

    public init() {}

    public var isEmpty: Bool {
        starts.isEmpty && loads.isEmpty && appends.isEmpty && messages.isEmpty && letters.isEmpty && replies.isEmpty && progress.isEmpty
            && tries.isEmpty && finished.isEmpty && releases.isEmpty
    }

    public mutating func removeAll() {
        starts.removeAll(keepingCapacity: true)
        loads.removeAll(keepingCapacity: true)
        appends.removeAll(keepingCapacity: true)
        messages.removeAll(keepingCapacity: true)
        letters.removeAll(keepingCapacity: true)
        replies.removeAll(keepingCapacity: true)
        progress.removeAll(keepingCapacity: true)
        tries.removeAll(keepingCapacity: true)
        finished.removeAll(keepingCapacity: true)
        releases.removeAll(keepingCapacity: true)
    }

    /// A read of one stream, from the broker's leader.
    public struct Load: Sendable {
        public enum Extent: Sendable, Equatable {
            /// Every commit.
            case whole
            /// The last commit alone.
            case last
            /// The commits that lie after this position.
            case after(Position)
            /// No commit, but the message of one of the stream's dead letters, at this position of the dead-letter log.
            case letter(at: Position)
        }
        public var token: Int
        /// The partition on whose behalf it is read.
        public var partition: Int
        public var stream: StreamID
        public var extent: Extent
        public init(token: Int, partition: Int, stream: StreamID, extent: Extent) {
            self.token = token
            self.partition = partition
            self.stream = stream
            self.extent = extent
        }
    }

    /// A conditional append: stored only if the stream's last commit lies at `previous`.
    public struct Append: Sendable {
        public var token: Int
        public var partition: Int
        public var commit: Commit
        /// `.start`: the stream does not exist yet.
        public var previous: Position
        public init(token: Int, partition: Int, commit: Commit, previous: Position) {
            self.token = token
            self.partition = partition
            self.commit = commit
            self.previous = previous
        }
    }

    public struct Message: Sendable {
        public var token: Int
        /// The partition on whose behalf it is sent; where it goes follows from its aggregate id.
        public var partition: Int
        public var envelope: Envelope
        public init(token: Int, partition: Int, envelope: Envelope) {
            self.token = token
            self.partition = partition
            self.envelope = envelope
        }
    }

    /// Answered with `.stored` at the attempt's position.
    public struct Try: Sendable {
        public var token: Int
        public var partition: Int
        public var attempt: Attempt
        public init(token: Int, partition: Int, attempt: Attempt) {
            self.token = token
            self.partition = partition
            self.attempt = attempt
        }
    }

    public struct Letter: Sendable {
        public var token: Int
        public var partition: Int
        public var letter: DeadLetter
        /// The message, where it was decoded: the broker writes it as the letter's record. Where that does not fit, the letter holds only the place.
        public var message: Envelope?
        public init(token: Int, partition: Int, letter: DeadLetter, message: Envelope? = nil) {
            self.token = token
            self.partition = partition
            self.letter = letter
            self.message = message
        }
    }
}

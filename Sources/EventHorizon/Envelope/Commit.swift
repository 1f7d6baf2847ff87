/// The outcome of one append to one stream: atomic, of no event or many. One record of the events log.
public struct Commit: Sendable, Equatable {
    public var stream: StreamID
    /// 1-based, without gaps, within the stream.
    public var number: Int
    /// The version of the first event; with no event, the version that the next event will take.
    public var firstVersion: Int
    /// In order of version.
    public var events: [Envelope]
    /// Each command that this commit decided, in the order of decision. Never empty.
    public var decided: [DecidedCommand]
    /// The last commands of earlier commits, newest last.
    public var recent: [RecentCommand]
    /// The last place of each log that this stream was fed from, this commit's commands included.
    public var inputs: [Place]
    /// A saga's step; nil for an aggregate's commit.
    public var step: SagaStep? {
        get { sharedStep?.value }
        set { sharedStep = newValue.map(Shared.init) }
    }
    private var sharedStep: Shared<SagaStep>?
    /// How many commands of the stream are parked after this commit. While there is one, every later command is parked behind it.
    public var parked: Int

    public init(
        stream: StreamID, number: Int, firstVersion: Int, events: [Envelope] = [], decided: [DecidedCommand], recent: [RecentCommand] = [],
        inputs: [Place] = [], step: SagaStep? = nil, parked: Int = 0
    ) {
        self.stream = stream
        self.number = number
        self.firstVersion = firstVersion
        self.events = events
        self.decided = decided
        self.recent = recent
        self.inputs = inputs
        sharedStep = step.map(Shared.init)
        self.parked = parked
    }

    /// The version of the stream after this commit.
    public var version: Int { firstVersion + events.count - 1 }

    /// Whether this is the commit that was made of the same commands at the same places: a repeat of an append, not another's.
    public func isSameDecision(as other: Commit) -> Bool {
        number == other.number && stream == other.stream && decided.count == other.decided.count
            && zip(decided, other.decided).allSatisfy { $0.id == $1.id && $0.place == $1.place && $0.outcome == $1.outcome }
            && events.map(\.id) == other.events.map(\.id) && step == other.step
    }
}

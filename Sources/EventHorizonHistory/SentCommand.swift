public import EventHorizon

/// A command as its client knows it: what was sent, when, and what was said to it. Repeats under the same id are the same command.
public struct SentCommand: Sendable, Equatable {
    public enum Fate: Sendable, Equatable {
        /// Durable, said the broker.
        case acknowledged
        /// Nobody said: it may have been stored or not, now or later.
        case indefinite
        /// Never stored, said the broker.
        case refused(reason: String)
    }

    /// What the client was told of its outcome.
    public struct Told: Sendable, Equatable {
        public var outcome: CommandOutcome
        /// Where its commit lies; nil where that was not said.
        public var place: Place?
        public init(outcome: CommandOutcome, place: Place? = nil) {
            self.outcome = outcome
            self.place = place
        }
    }

    public var id: MessageID
    public var stream: StreamID
    /// The durable name of its type.
    public var name: String
    /// Who sent it. What one client sends to one stream is decided in that order.
    public var client: String
    /// Which call sent it, where one sent several: what one call sends to one stream is decided in the order given. Nil for a call of its own.
    public var call: Int?
    /// Since the run's start, by one clock for all clients.
    public var sentAt: Duration
    public var fate: Fate
    /// When it was first acknowledged; nil where it never was.
    public var acknowledgedAt: Duration?
    /// One for each time that it was asked for.
    public var told: [Told]

    public init(
        id: MessageID, stream: StreamID, name: String, client: String, call: Int? = nil, sentAt: Duration, fate: Fate = .indefinite,
        acknowledgedAt: Duration? = nil,
        told: [Told] = []
    ) {
        self.id = id
        self.stream = stream
        self.name = name
        self.client = client
        self.call = call
        self.sentAt = sentAt
        self.fate = fate
        self.acknowledgedAt = acknowledgedAt
        self.told = told
    }
}

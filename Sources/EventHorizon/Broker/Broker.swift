/// A partitioned log with conditional append, read from positions: in memory, NATS JetStream or Kafka.
///
/// A broker connects when it is first used and creates what the application lacks: logs, topology, groups. It holds no policy: what to retry,
/// when to give up and how to order is the workers'.
///
/// Reading never uses acknowledgements of the server: a member of a group reads its partitions from a position, and progress is a record
/// that it writes.
public protocol Broker: Sendable {
    /// The application whose logs these are; a prefix of every name in the broker.
    var application: String { get }
    var features: BrokerFeatures { get }
    /// Clock, ids and failpoints that workers on this broker use.
    var surroundings: Surroundings { get }

    /// Publishes commands; returns when each is durable or refused, in the order given.
    ///
    /// Messages of one stream are stored in the order given: a stream has at most one message unanswered, or a refusal in the middle would reorder.
    /// - Throws: `BrokerError` when the broker cannot be used at all. A connection that is lost meanwhile is waited for, until the task is cancelled.
    func publish(_ commands: [Envelope]) async throws -> [PublishResult]

    /// Publishes a command, durably, and waits for its answer.
    /// - Throws: `BrokerError` with code `.deadlineExceeded` when no answer came within `limit`: the command is durable all the same if it was acknowledged.
    func request(_ command: Envelope, within limit: Duration) async throws -> Answer

    /// Joins a group for as long as `body` runs: partitions are given to the member and taken from it as others come and go.
    ///
    /// The group is recorded in the topology first. Leaving releases what is still held.
    /// - Throws: `Misconfiguration` when this group contradicts the recorded topology, or what `body` throws.
    func withMember<Value: Sendable>(of group: GroupDeclaration, _ body: (any GroupMember) async throws -> Value) async throws -> Value

    /// Reads what lies in a log when this is called, without a group: nobody's deliveries, ownership or progress change, and nothing is recorded.
    /// What is written later is not read.
    ///
    /// `body` is given batches, none of them empty, of at most 1,024 records and a few MiB; the next is made when it returns. Records come in order of
    /// position within a partition; where streams are named, within a stream. A record that cannot be decoded is given as such.
    ///
    /// - Parameter body: Whether to read on.
    /// - Throws: What `body` throws; `BrokerError` when the broker cannot be used at all, or the task is cancelled. A connection that is lost meanwhile is
    ///   waited for, until the task is cancelled.
    func read(_ range: LogRange, _ body: ([LogRecord]) async throws -> Bool) async throws
}

/// One worker's place in a group. Everything crosses in batches: a member's loop is `next`, work, `submit`, again.
///
/// Not for several tasks at once: one loop calls `next` and `submit` in turn.
public protocol GroupMember: AnyObject, Sendable {
    /// Names this member among its group's, in letters, log lines and leases.
    var id: String { get }
    var partitionCount: Int { get }
    /// The incarnation of the log that is read.
    var incarnation: UInt64 { get }
    /// The incarnation of the events log.
    var eventsIncarnation: UInt64 { get }
    /// Where the member's loop runs best; nil for anywhere.
    var executor: (any TaskExecutor)? { get }

    /// Waits until something has happened or `deadline` has come, and moves what has happened into `turn`, which must be empty; its storage is reused.
    ///
    /// When the task is cancelled, `turn.isDraining` is set, at once and in every turn from then on; the member goes on working until it is left.
    /// Nothing is ever thrown: a lost broker is waited for, a lost partition is said in the turn.
    func next(_ turn: inout Turn, until deadline: Instant?) async

    /// Hands over what the loop wants done, and empties `outcome`, whose storage is reused. Does not wait: answers come in later turns.
    ///
    /// For a partition that is not held (any more) everything is dropped without an answer.
    func submit(_ outcome: inout Outcome)
}

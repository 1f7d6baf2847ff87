/// What becomes of a message that its handler cannot handle, by kind of error. A worker's, and so its handlers': one that differs runs in a worker of its own.
///
///     worker.settings.failures.retry.budget = .seconds(30)
///     worker.settings.failures[.undecodable].action = .park
public struct FailurePolicy: Sendable, Equatable {
    /// What went wrong.
    public enum Kind: String, Sendable, CaseIterable {
        /// The message's type is in no catalog of the handler.
        case unknownType
        /// The message cannot be read: its record, or its payload.
        case undecodable
        /// What the aggregate or the saga was before cannot be read.
        case unreadableState
        /// The handler's own code failed.
        case failed
        /// The broker will not store what the message came to: too large, for instance.
        case refused
        /// Others wrote to the stream each time.
        case contended
        /// Its worker died of it: the handler's code trapped, or took what ends a process (`CommandSettings.trapAttempts`).
        case trapped
    }

    /// What is done when attempts are spent.
    public enum Action: String, Sendable, CaseIterable {
        /// The message becomes a dead letter and its stream is parked: what comes later follows it to the dead-letter log, in order, until it is released.
        case park
        /// The message becomes a dead letter, and its stream goes on without it.
        case skip
        /// The worker ends with an error that names the message. Nothing of the stream is passed over: a worker that starts again meets it again.
        case halt
    }

    public struct Response: Sendable, Equatable {
        /// Whether the message is tried again first, in place, within the budget: its stream waits, others go on.
        public var isRetried: Bool
        public var action: Action
        public init(isRetried: Bool, action: Action) {
            self.isRetried = isRetried
            self.action = action
        }
    }

    public var retry: RetryPolicy
    private var responses: [Kind: Response] = [:]

    public init(retry: RetryPolicy = RetryPolicy()) { self.retry = retry }

    /// The defaults: what no later attempt can change is not tried again. A message that cannot be read says nothing of its stream's order, and is passed over.
    public subscript(kind: Kind) -> Response {
        get { responses[kind] ?? Self.standard(kind) }
        set { responses[kind] = newValue == Self.standard(kind) ? nil : newValue }
    }

    private static func standard(_ kind: Kind) -> Response {
        switch kind {
        case .unknownType, .undecodable, .refused: Response(isRetried: false, action: .skip)
        case .unreadableState, .failed, .contended: Response(isRetried: true, action: .park)
        case .trapped: Response(isRetried: false, action: .park)
        }
    }

    /// What is to be done after `attempts` failed ones, the first of them `elapsed` ago.
    func step(on kind: Kind, attempts: Int, elapsed: Duration, random: () -> UInt64) -> Step {
        let response = self[kind]
        // Other commits are not the message's fault: no budget is so small that a few of them spend it.
        let isExcused = kind == .contended && attempts < Self.leastConflicts
        guard response.isRetried, elapsed < retry.budget || isExcused else { return .giveUp(response.action) }
        return .retry(after: retry.delay(after: attempts, random: random()))
    }

    private static let leastConflicts = 10

    enum Step: Equatable {
        case retry(after: Duration)
        case giveUp(Action)
    }
}

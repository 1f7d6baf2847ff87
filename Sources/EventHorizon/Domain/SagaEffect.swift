/// What a saga wants done, as a value. Committed with the step that wants it.
public struct SagaEffect<Timer: Hashable & Sendable>: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case send(Outgoing, undo: Outgoing?)
        case schedule(Timer, after: Duration)
        case cancel(Timer)
        case compensate
        case complete
    }
    package let kind: Kind

    public static func send<Target: CommandTarget>(_ command: Target.Command, to aggregate: AggregateID<Target>, undo: Target.Command? = nil) -> Self
    {
        Self(kind: .send(Outgoing(Target.self, aggregate.description, command), undo: undo.map { Outgoing(Target.self, aggregate.description, $0) }))
    }
    /// Where the id does not say the aggregate: `.send(.confirm, to: "athena", of: Invitation.self)`.
    public static func send<Target: CommandTarget>(
        _ command: Target.Command, to aggregate: AggregateID<Target>, of: Target.Type, undo: Target.Command? = nil
    ) -> Self {
        send(command, to: aggregate, undo: undo)
    }
    public static func schedule(_ timer: Timer, after delay: Duration) -> Self { Self(kind: .schedule(timer, after: delay)) }
    public static func cancel(_ timer: Timer) -> Self { Self(kind: .cancel(timer)) }
    /// Sends the undo of every accepted command, the last first.
    public static var compensate: Self { Self(kind: .compensate) }
    public static var complete: Self { Self(kind: .complete) }
}

/// What a simulation does to workers.
public enum ProcessFault: String, CaseIterable, Sendable {
    /// Killed at any `await`, and started anew after a while.
    case kill
    /// Killed at a named step, or with a part of an outcome handed over.
    case killAtStep
    /// Stopped past the lease, and continued.
    case stop
    /// Members join and leave.
    case members
    /// Between reading and working a worker is slow, now and then longer than its lease.
    case slow
}

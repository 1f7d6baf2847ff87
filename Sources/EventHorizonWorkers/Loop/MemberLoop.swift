internal import EventHorizon

/// A worker's loop as a value: what happened goes in, what is to be done comes out. The only waiting is `GroupMember.next`.
protocol MemberLoop {
    /// Whether every partition is given up after a drain.
    var isDrained: Bool { get }
    /// When to be called again though nothing has happened; nil for never.
    var deadline: Instant? { get }
    /// - Throws: What ends the worker: a misconfiguration, or a record from the future.
    mutating func take(_ turn: inout Turn, into outcome: inout Outcome, now: Instant) throws
}

/// Joins a group and runs a loop there until it is drained, on the executor that the member prefers.
func serve<Loop: MemberLoop>(
    _ declaration: GroupDeclaration, of broker: any Broker, _ instruments: [any Instrument], _ makeLoop: @Sendable (any GroupMember) throws -> Loop
) async throws {
    let surroundings = broker.surroundings
    let reporter = Reporter(group: declaration.name, instruments: instruments)
    try await broker.withMember(of: declaration) { member in
        reporter.report(.started(group: declaration.name, member: member.id))
        try await withTaskExecutorPreference(member.executor) {
            var loop = try makeLoop(member)
            try await run(&loop, on: member, in: surroundings)
        }
    }
    reporter.report(.drained(group: declaration.name))
}

private func run(_ loop: inout some MemberLoop, on member: any GroupMember, in surroundings: Surroundings) async throws {
    var turn = Turn()
    var outcome = Outcome()
    while !loop.isDrained {
        await member.next(&turn, until: loop.deadline)
        if !turn.deliveries.isEmpty { surroundings.reach(.afterRead) }
        try loop.take(&turn, into: &outcome, now: surroundings.clock.now)
        turn.removeAll()
        let appends = !outcome.appends.isEmpty
        if appends { surroundings.reach(.afterDecide) }
        member.submit(&outcome)
        if appends { surroundings.reach(.afterAppend) }
    }
}

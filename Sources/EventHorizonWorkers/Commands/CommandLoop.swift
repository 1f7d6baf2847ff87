internal import EventHorizon

/// Decides the commands of one category: lanes run side by side, each strictly in order. Every outcome is a commit, conditional on the
/// stream's last; a reply leaves and progress moves only after it is stored.
struct CommandLoop: MemberLoop {
    /// What an answer of the broker is waited for.
    enum Expected {
        case load(lane: Int)
        /// The whole stream, for a command that was decided before those that are remembered with their answers.
        case lookUp(lane: Int, id: MessageID)
        case append(lane: Int)
        /// The letter of a command in hand, by its place there.
        case letter(lane: Int, index: Int)
        /// The whole stream, for what of it is parked.
        case parked(lane: Int)
        /// The message of a letter, by its place among those that are read together.
        case message(lane: Int, index: Int)
        indirect case effect(lane: Int, Envelope, index: Int)
        case effectLetter(lane: Int)
        /// A command on its way to its own partition.
        indirect case forward(PendingCommand)
        /// The letter of a record that no lane has: without a stream, or refused on its way to another partition.
        case stray(ordinal: Int)
        /// The record of how a partition is taken over, which is then read from here.
        case beginning(Position)
        /// The record of which message of a partition is handled alone.
        case attempt
    }

    let handler: any CommandHandling
    let settings: CommandSettings
    let surroundings: Surroundings
    let member: any GroupMember
    let post: LetterPost

    var reporter: Reporter
    var table: PartitionTable
    var cautions: CautionTable
    /// While a message is worked alone.
    var pass: Turnstile.Pass?
    /// Where the next round over such partitions begins.
    var firstSingly = 0
    /// When to look for a turn to work one.
    var nextTurn: Instant?
    var lanes = LaneTable()
    var expected: [Int: (what: Expected, partition: Int)] = [:]
    var nextToken = 1
    /// Lanes that may be able to go on.
    var ready: [Int] = []
    /// Lanes that wait for a time.
    var timers: [Int: Instant] = [:]
    var draft = Draft()

    init(
        handler: any CommandHandling, settings: CommandSettings, surroundings: Surroundings, group: String, instruments: [any Instrument],
        member: any GroupMember
    ) {
        self.handler = handler
        self.settings = settings
        self.surroundings = surroundings
        self.member = member
        post = LetterPost(log: .commands, member: member, clock: surroundings.clock)
        reporter = Reporter(group: group, instruments: instruments)
        table = PartitionTable(group: group, count: member.partitionCount)
        cautions = CautionTable(count: member.partitionCount, limit: settings.trapAttempts)
    }

    var isDrained: Bool { table.isDraining && table.isEmpty }

    var deadline: Instant? {
        [timers.values.min(), table.nextLook, nextTurn].compactMap { $0 }.min()
    }

    mutating func take(_ turn: inout Turn, into outcome: inout Outcome, now: Instant) throws {
        reporter.report(turn.notices)
        if turn.isDraining { drain() }
        for partition in turn.lost { lose(partition) }
        for claim in turn.claimed { start(claim, into: &outcome, now: now) }
        for partition in turn.revoked { leave(partition) }
        for loaded in turn.loaded { try take(loaded) }
        for answer in turn.answers { try take(answer, into: &outcome, now: now) }
        for delivery in turn.deliveries { take(delivery, into: &outcome, now: now) }
        wake(now)
        repeat {
            var next = 0
            while next < ready.count {
                try advance(ready[next], into: &outcome, now: now)
                next += 1
            }
            ready.removeAll(keepingCapacity: true)
        } while goOnSingly(into: &outcome, now: now)
        table.flush(into: &outcome, now: now) { reporter.report($0) }
        for partition in outcome.releases {
            cautions.release(partition)
            forgetLanes(of: partition)
        }
        if lanes.count > settings.cachedStreams {
            let handler = handler
            lanes.sweep(to: settings.cachedStreams) { handler.forget(slot: $0) }
        }
        reporter.flush()
    }

    /// A token whose answer is waited for.
    mutating func expect(_ what: Expected, in partition: Int) -> Int {
        defer { nextToken += 1 }
        expected[nextToken] = (what, partition)
        table.submitted(partition)
        return nextToken
    }

    // MARK: Partitions

    private mutating func start(_ claim: Claim, into outcome: inout Outcome, now: Instant) {
        table.claim(claim.partition, progress: claim.progress, now: now)
        reporter.report(.partitionClaimed(group: reporter.group, partition: claim.partition, progress: claim.progress, unclean: claim.isUnclean))
        if table.accepts(claim.partition) { begin(claim, into: &outcome) }
    }

    private mutating func drain() {
        guard !table.isDraining else { return }
        table.drain { reporter.report($0) }
        for partition in 0..<member.partitionCount { leave(partition) }
    }

    /// Begins nothing more of the partition: its next owner reads again what waits.
    private mutating func leave(_ partition: Int) {
        table.revoke(partition)
        for slot in lanes.slots(of: partition) { lanes[slot].waiting.removeAll() }
    }

    private mutating func lose(_ partition: Int) {
        if table.holds(partition) { cautions.lose(partition) }
        table.lose(partition) { reporter.report($0) }
        forgetLanes(of: partition)
    }

    private mutating func forgetLanes(of partition: Int) {
        expected = expected.filter { $0.value.partition != partition }
        for slot in lanes.slots(of: partition) {
            handler.forget(slot: slot)
            timers[slot] = nil
            lanes.remove(slot)
        }
    }

    // MARK: Deliveries

    private mutating func take(_ delivery: Delivery, into outcome: inout Outcome, now: Instant) {
        guard let ordinal = table.deliver(delivery, now: now) else { return }
        let partition = delivery.partition
        switch delivery.content {
        case .skipped(let count):
            reporter.counts.skipped += count
            table.settle(ordinal, of: partition, isSkipped: true)
        case .command(let envelope):
            take(PendingCommand(envelope: envelope, position: delivery.position, ordinal: ordinal), in: partition, into: &outcome)
        case .undecodable(let record, let stream?, let type, let reason):
            // Its stream can be trusted, so its outcome is a commit like any other, under an id made from its place.
            let id = MessageID(named: "\(partition)/\(delivery.position)".utf8, in: MessageID(high: member.incarnation, low: 0))
            let envelope = Envelope(
                id: id, kind: .command, stream: stream, payload: Payload(name: type, contentType: "", bytes: []), correlation: id,
                occurredAt: surroundings.clock.time)
            let pending = PendingCommand(
                envelope: envelope, position: delivery.position, ordinal: ordinal, unreadable: reason, record: record)
            take(pending, in: partition, into: &outcome)
        case .undecodable(let record, nil, let type, let reason):
            stray(delivery, ordinal, type: type, reason: reason, record: record, into: &outcome)
        case .commit(let commit):
            stray(delivery, ordinal, type: "", reason: "a commit of '\(commit.stream)' lies in the commands log", record: [], into: &outcome)
        }
    }

    private mutating func take(_ pending: PendingCommand, in partition: Int, into outcome: inout Outcome) {
        if cautions[partition] == nil { queue(pending, in: partition, into: &outcome) } else { cautions[partition]?.add(pending) }
    }

    mutating func queue(_ pending: PendingCommand, in partition: Int, into outcome: inout Outcome) {
        let stream = pending.envelope.stream
        guard let slot = lanes.slot(of: stream.aggregate) ?? newLane(of: stream, in: partition), lanes[slot].partition == partition else {
            // Its publisher used another partitioner: one owner decides the aggregate, so the command goes there.
            guard pending.record.isEmpty else {
                let reason = "it lies in partition \(partition), which is not its aggregate's, and cannot be read"
                return stray(pending, in: partition, stream: stream, .undecodable, reason: reason, into: &outcome)
            }
            let token = expect(.forward(pending), in: partition)
            outcome.messages.append(.init(token: token, partition: partition, envelope: pending.envelope))
            reporter.report(.forwarded(group: reporter.group, stream: stream))
            return
        }
        lanes[slot].waiting.append(pending)
        if lanes[slot].waiting.count == 1 { ready.append(slot) }
    }

    private mutating func newLane(of stream: StreamID, in partition: Int) -> Int? {
        guard Partitioner.partition(of: stream.aggregate, count: member.partitionCount) == partition else { return nil }
        return lanes.insert(Lane(stream: stream, partition: partition))
    }

    /// A record that no lane can have becomes a letter that is named by its place, stored before progress moves.
    private mutating func stray(_ delivery: Delivery, _ ordinal: Int, type: String, reason: String, record: [UInt8], into outcome: inout Outcome) {
        let token = expect(.stray(ordinal: ordinal), in: delivery.partition)
        post.send(
            token, about: post.place(of: delivery.position, in: delivery.partition), stream: nil, type: type, record: record, kind: .undecodable,
            reason: reason,
            by: reporter, into: &outcome)
    }

    mutating func stray(
        _ pending: PendingCommand, in partition: Int, stream: StreamID, _ kind: FailurePolicy.Kind, reason: String, into outcome: inout Outcome
    ) {
        let token = expect(.stray(ordinal: pending.ordinal), in: partition)
        post.send(
            token, about: post.place(of: pending.position, in: partition), stream: stream, type: pending.envelope.payload.name,
            message: pending.message, record: pending.record, kind: kind, reason: reason, by: reporter, into: &outcome)
    }
}

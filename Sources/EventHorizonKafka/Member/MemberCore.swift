#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

/// What a member's loop has for itself: its place in the group, the partitions it holds, their readers.
struct MemberCore {
    /// A partition that the group gave to this member, from the start of its take-over on.
    struct Session {
        var epoch: UInt64
        var writer: PartitionWriter
        /// Whether the loop knows of the claim.
        var isTold = false
        var isRevoked = false
        /// The loop has given it up; what it submitted is stored still.
        var isReleased = false
        var reader: PartitionReader?
        /// The first offset that the partition has.
        var low: Int64 = 0
        var progress = Position.start
        /// Where streams end, as far as that is known.
        var ends: [StreamID: StreamEnd] = [:]
        /// Outcomes that wait for what lies in the place of an append, in order.
        var waiting: [PartitionOutcome] = []
    }

    enum StreamEnd { case at(Position), pending }

    /// The part of an outcome that is stored for one partition.
    struct PartitionOutcome {
        struct Append {
            var append: Outcome.Append
            var verdict: Replica.Verdict?
            var isAsked = false
        }
        var appends: [Append] = []
        var messages: [Outcome.Message] = []
        var letters: [Outcome.Letter] = []
        var progress: Position?
        var trying: Outcome.Try?

        var isEmpty: Bool { appends.isEmpty && messages.isEmpty && letters.isEmpty && progress == nil && trying == nil }
        var isJudged: Bool { appends.allSatisfy { $0.verdict != nil } }
    }

    let configuration: KafkaConfiguration
    let ready: Ready
    let group: GroupDeclaration
    let parts: MemberParts
    let context: WriterContext
    let publisher: Publisher
    let mailbox: Mailbox<KafkaMember.Incoming>
    let codec = WireCodec()
    var decoder: DeliveryDecoder

    /// What the group gave to this member.
    var assigned: Set<Int> = []
    var sessions: [Session?]
    var metadata: GroupMetadata?
    var generation = 0
    /// Partitions that are to be given up before the group is told that they are; nil where it waits for nothing.
    var revoking: Set<Int>?
    /// Writers that were told to end, by partition: while one runs, nothing else may be begun there.
    var endings: [Int: Set<UInt64>] = [:]
    var epochs: UInt64 = 0
    var isDraining = false
    var isLeaving = false
    var hasUnsubscribed = false
    var hasLeft = false
    var failure: Misconfiguration?

    var loads: [(load: Outcome.Load, epoch: UInt64)] = []
    var nextLoad = 0
    var loadsUnderWay = 0
    /// What `submit` could say at once: it is told in the next turn.
    var early: [SettleAnswer] = []
    var earlyLost: [Int] = []
    var earlyNotices: [BrokerNotice] = []
    /// By partition, the outcome being submitted, and which of them are in it.
    var gathered: [PartitionOutcome]
    var touched: [Int] = []
    var isUp = true
    var hasMore = false
    var firstPartition = 0
    var nextTrim: UInt64
    var isTrimming = false
    /// By partition, when a stall was last told.
    var stallTold: [UInt64]

    init(
        id: String, configuration: KafkaConfiguration, ready: Ready, group: GroupDeclaration, starts: [Int64], publisher: Publisher,
        mailbox: Mailbox<KafkaMember.Incoming>, bell: Bell
    ) throws {
        self.configuration = configuration
        self.ready = ready
        self.group = group
        self.publisher = publisher
        self.mailbox = mailbox
        parts = try MemberParts(configuration, ready: ready, group: group, bell: bell) { answer in mailbox.put { $0.replica.append(answer) } }
        context = WriterContext(
            configuration: configuration, ready: ready, group: group, member: id, consumer: parts.membership, replica: parts.replica,
            starts: starts, topics: TopicNames(ready.names))
        decoder = DeliveryDecoder(group: group, codec: codec)
        sessions = Array(repeating: nil, count: ready.partitionCount)
        gathered = Array(repeating: PartitionOutcome(), count: ready.partitionCount)
        stallTold = Array(repeating: 0, count: ready.partitionCount)
        nextTrim = MonotonicTime.now &+ Trimmer.interval
        earlyNotices = ready.dangers.map { .dangerous(reason: $0) }
        let topics = PartitionList()
        topics.add(ready.names.topic(group.log), -1, offset: 0)
        let code = topics.with { rd_kafka_subscribe(parts.membership.handle, $0) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw BrokerError(.unavailable, "the group '\(group.name)' cannot be joined: \(KafkaFailure(code))", isRetriable: true)
        }
    }

    func isHeld(_ partition: Int) -> Bool {
        guard sessions.indices.contains(partition), let session = sessions[partition] else { return false }
        return session.isTold && !session.isReleased
    }

    // MARK: What has arrived

    mutating func take(_ incoming: inout KafkaMember.Incoming, into turn: inout Turn) {
        for (partition, epoch, event) in incoming.writers { take(event, of: partition, epoch, into: &turn) }
        for answer in incoming.replica { take(answer, into: &turn) }
        if incoming.isRestored {
            isUp = true
            turn.notices.append(.connectionRestored)
        }
        if incoming.hasTrimmed { isTrimming = false }
        sendLoads()
    }

    private mutating func take(_ event: PartitionWriter.Event, of partition: Int, _ epoch: UInt64, into turn: inout Turn) {
        if case .ended = event { return ended(partition, epoch) }
        if case .misconfigured(let problem) = event {
            if failure == nil { failure = problem }
            return
        }
        guard var session = sessions[partition], session.epoch == epoch else { return }
        switch event {
        case .takenOver(let claim, let low):
            session.low = low
            session.progress = claim.progress
            guard !session.isRevoked, !isDraining else { return }
            session.isTold = true
            sessions[partition] = session
            turn.claimed.append(claim)
        case .stored(let answers, let ends):
            for (stream, position) in ends { sessions[partition]!.ends[stream] = .at(position) }
            trimEnds(partition)
            if !session.isReleased { turn.answers.append(contentsOf: answers) }
        case .lost(let reason):
            turn.notices.append(.stalled(partition: partition, reason: reason))
            lose(partition, into: &turn)
        case .stalled(let reason): tellStall(partition, reason, into: &turn)
        case .ended, .misconfigured: break
        }
    }

    private mutating func tellStall(_ partition: Int, _ reason: String, into turn: inout Turn) {
        let now = MonotonicTime.now
        guard now &- stallTold[partition] > 1_000_000_000 else { return }
        stallTold[partition] = now
        turn.notices.append(.stalled(partition: partition, reason: reason))
    }

    /// What is known of streams is bounded: what is asked for again is looked up.
    private mutating func trimEnds(_ partition: Int) {
        guard let count = sessions[partition]?.ends.count, count > 50_000 else { return }
        sessions[partition]!.ends = sessions[partition]!.ends.filter { if case .pending = $0.value { true } else { false } }
    }

    private mutating func take(_ answer: Replica.Answer, into turn: inout Turn) {
        switch answer {
        case .loaded(let load, let epoch, let result, let end):
            loadsUnderWay -= 1
            guard sessions[load.partition]?.epoch == epoch, isHeld(load.partition) else { return }
            // What is on its way is newer than what was read.
            if let end, sessions[load.partition]!.ends[load.stream] == nil { sessions[load.partition]!.ends[load.stream] = .at(end) }
            turn.loaded.append(LoadedStream(token: load.token, result: result))
        case .judged(let token, let partition, let epoch, let verdict):
            guard sessions[partition]?.epoch == epoch else { return }
            for index in sessions[partition]!.waiting.indices {
                for append in sessions[partition]!.waiting[index].appends.indices
                where sessions[partition]!.waiting[index].appends[append].append.token == token {
                    sessions[partition]!.waiting[index].appends[append].verdict = verdict
                }
            }
            settleWaiting(partition)
        case .broken(let partition, let epoch, let reason):
            guard sessions[partition]?.epoch == epoch else { return }
            // It is opened anew, and built anew if need be.
            turn.notices.append(.stalled(partition: partition, reason: reason))
            lose(partition, into: &turn)
        }
    }

    // MARK: Losing and ending

    /// The partition is not this member's any more, or not known to be: what was submitted is answered no more.
    mutating func lose(_ partition: Int, into turn: inout Turn) {
        guard let session = sessions[partition] else { return }
        if session.isTold, !session.isReleased { turn.lost.append(partition) }
        drop(partition)
    }

    /// Ends a session; its writer says when it has ended.
    mutating func drop(_ partition: Int) {
        guard let session = sessions[partition] else { return }
        endReader(partition)
        session.writer.stop()
        sessions[partition] = nil
    }

    private mutating func ended(_ partition: Int, _ epoch: UInt64) {
        endings[partition]?.remove(epoch)
        if endings[partition]?.isEmpty == true { endings[partition] = nil }
        if sessions[partition]?.epoch == epoch { drop(partition) }
        finishRevoking()
        claimAgain(partition, after: 100_000_000)
        leaveIfDone()
    }

    /// Takes over what the group says is this member's and nobody serves.
    private mutating func claimAgain(_ partition: Int, after delay: UInt64) {
        guard assigned.contains(partition), sessions[partition] == nil, endings[partition] == nil else { return }
        guard revoking?.contains(partition) != true, !isDraining, failure == nil else { return }
        takeOver(partition, after: delay)
    }

    private mutating func takeOver(_ partition: Int, after delay: UInt64 = 0) {
        epochs += 1
        let epoch = epochs
        let writer = PartitionWriter(partition, epoch: epoch, metadata: metadata, generation: generation, context: context) { [mailbox] event in
            mailbox.put { $0.writers.append((partition, epoch, event)) }
        }
        sessions[partition] = Session(epoch: epoch, writer: writer)
        endings[partition, default: []].insert(epoch)
        writer.start(after: delay)
    }

    // MARK: The group

    /// Asks the library for what it has, without waiting.
    mutating func poll(into turn: inout Turn) {
        if !hasLeft {
            while let message = rd_kafka_consumer_poll(parts.membership.handle, 0) {
                takeError(message, into: &turn)
                rd_kafka_message_destroy(message)
            }
            for event in parts.listener.takeEvents() { take(event, into: &turn) }
            leaveIfDone()
        }
        for failure in parts.listener.takeFailures() { take(failure, into: &turn) }
        pollReader(into: &turn)
        deliver(into: &turn)
    }

    private mutating func take(_ event: GroupListener.Event, into turn: inout Turn) {
        // Taken here, together with what the group says is ours: offsets of another generation than this assignment's must be fenced.
        metadata = GroupMetadata(of: parts.membership.handle)
        generation += 1
        switch event {
        case .assigned(let partitions):
            assigned.formUnion(partitions)
            renew()
            GroupListener.acknowledge(true, parts.membership.handle)
            for partition in partitions { claimAgain(partition, after: 0) }
            leaveIfDone()
        case .revoked(let partitions):
            assigned.subtract(partitions)
            if rd_kafka_assignment_lost(parts.membership.handle) != 0 {
                for partition in partitions { lose(partition, into: &turn) }
                revoking = nil
                GroupListener.acknowledge(false, parts.membership.handle)
                return
            }
            renew()
            revoking = (revoking ?? []).union(partitions)
            for partition in partitions {
                guard let session = sessions[partition] else { continue }
                if session.isTold {
                    session.writer.leave()
                    if session.isReleased || session.isRevoked { continue }
                    sessions[partition]!.isRevoked = true
                    endReader(partition)
                    turn.revoked.append(partition)
                } else {
                    drop(partition)
                }
            }
            finishRevoking()
        }
    }

    private func renew() {
        for session in sessions { session?.writer.renew(metadata, generation: generation) }
    }

    /// Tells the group that what it revoked is given up, when that is so.
    private mutating func finishRevoking() {
        guard let revoking, revoking.allSatisfy({ sessions[$0] == nil && endings[$0] == nil }) else { return }
        self.revoking = nil
        GroupListener.acknowledge(false, parts.membership.handle)
    }

    private mutating func takeError(_ message: UnsafeMutablePointer<rd_kafka_message_t>, into turn: inout Turn) {
        // What went wrong is said in the payload.
        let text = message.body.isEmpty ? nil : String(decoding: message.body, as: UTF8.self)
        if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR { take(KafkaFailure(message.pointee.err, text), into: &turn) }
    }

    mutating func take(_ failure: KafkaFailure, into turn: inout Turn) {
        switch failure.code {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            guard isUp else { return }
            isUp = false
            turn.notices.append(.connectionLost(reason: failure.text))
            watchForReturn()
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__TIMED_OUT: break
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
            turn.notices.append(
                .stalled(
                    partition: 0,
                    reason:
                        "the topic '\(ready.names.topic(group.log))' is not there any more (\(failure.text)): restore it, or begin again with another "
                        + "application"))
        case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
            turn.notices.append(
                .stalled(partition: 0, reason: "the group gave this member up because its handler took longer than 5 minutes for one turn"))
        default:
            turn.notices.append(.stalled(partition: 0, reason: "Kafka: \(failure)\(failure.isRefusal ? ": mend the rights or the credentials" : "")"))
        }
    }

    /// The library does not say when a broker is back.
    private func watchForReturn() {
        let (admin, mailbox, parts) = (ready.admin, mailbox, parts)
        ForeignThread.start {
            while !parts.isClosed {
                if (try? admin.topics()) != nil {
                    mailbox.put { $0.isRestored = true }
                    return
                }
                parts.pause(200_000_000)
            }
        }
    }

    // MARK: Leaving

    /// No more partitions are taken over.
    mutating func drain() {
        isDraining = true
        for partition in sessions.indices where sessions[partition]?.isTold == false { drop(partition) }
        leaveIfDone()
    }

    /// Gives up everything that is held: as settled as it is, or as it is left by a crash.
    mutating func leave(isClean: Bool) {
        isDraining = true
        isLeaving = true
        for partition in sessions.indices where sessions[partition] != nil {
            endReader(partition)
            if isClean, isHeld(partition) {
                release(partition)
            } else if sessions[partition]?.isReleased == false {
                drop(partition)
            }
        }
        leaveIfDone()
    }

    mutating func release(_ partition: Int) {
        endReader(partition)
        sessions[partition]!.isReleased = true
        sessions[partition]!.writer.release()
    }

    mutating func stopWriters() {
        for partition in sessions.indices { drop(partition) }
    }

    /// A member that serves nothing any more leaves: until then the group would not give its partitions to others.
    private mutating func leaveIfDone() {
        // Not while it joins for the first time: see `MemberParts.close`.
        guard isDraining, servesNothing, parts.listener.wasRebalanced else { return }
        if !hasUnsubscribed {
            hasUnsubscribed = true
            rd_kafka_unsubscribe(parts.membership.handle)
        }
        if assigned.isEmpty, revoking == nil { hasLeft = true }
    }

    private var servesNothing: Bool { sessions.allSatisfy { $0 == nil } && endings.isEmpty }

    /// Whether all that is left of leaving is the group's to do.
    var waitsForGroup: Bool { isDraining && servesNothing && (hasUnsubscribed || !parts.listener.wasRebalanced) }

    // MARK: Time

    /// Sees to what depends on time; gives the time to look again.
    mutating func tick(_ now: UInt64, into turn: inout Turn) -> UInt64 {
        if !early.isEmpty {
            turn.answers.append(contentsOf: early)
            early.removeAll(keepingCapacity: true)
        }
        if !earlyLost.isEmpty {
            turn.lost.append(contentsOf: earlyLost)
            earlyLost.removeAll()
        }
        if !earlyNotices.isEmpty {
            turn.notices.append(contentsOf: earlyNotices)
            earlyNotices.removeAll()
        }
        if now >= nextTrim {
            nextTrim = now &+ Trimmer.interval
            trim()
        }
        // The group gives a member up that does not ask for long.
        return hasMore ? now : min(nextTrim, now &+ 5_000_000_000)
    }

    private mutating func trim() {
        guard configuration.trims, group.log == .commands, !isTrimming else { return }
        let held = sessions.indices.filter { isHeld($0) }
        guard !held.isEmpty else { return }
        isTrimming = true
        let (configuration, ready, mailbox, parts) = (configuration, ready, mailbox, parts)
        ForeignThread.start {
            Trimmer(configuration: configuration, ready: ready).run(held) { parts.isClosed }
            mailbox.put { $0.hasTrimmed = true }
        }
    }
}
#endif

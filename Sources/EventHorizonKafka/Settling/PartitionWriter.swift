#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Glibc

/// One held partition's thread: takes the partition over, then stores what its owner wants stored, one transaction after the other, until it is
/// released or lost.
///
/// Strictly in order: while one transaction is in doubt nothing else is begun, and what waits goes with it if it is lost. Two producers take turns,
/// because a broker still finishes the last transaction of one while the next begins.
final class PartitionWriter: Sendable {
    enum Event: Sendable {
        case takenOver(Claim, low: Int64)
        case stored([SettleAnswer], ends: [(stream: StreamID, position: Position)])
        /// The outcome of the last transaction is not known, or another owner was there: it is taken over again, by whoever holds the partition.
        case lost(reason: String)
        case ended
        case stalled(reason: String)
        case misconfigured(Misconfiguration)
    }

    private enum Failed: Error {
        /// The thread is to end.
        case stopped
        case lost(String)
    }

    /// How the partition is left, should nothing be stored after this.
    private enum Ending { case held, released }

    private enum Work {
        case store(Part)
        case release(Part)
        case stop
    }

    private struct State: Sendable {
        var part = Part()
        /// When what waits is stored; nil where nothing waits.
        var due: UInt64?
        /// Until then records wait for company, unless they are many.
        var restsUntil: UInt64 = 0
        var metadata: GroupMetadata?
        var generation = 0
        var isReleasing = false
        var isStopped = false
        /// No other generation is waited for: the partition is being given up.
        var isLeaving = false
    }

    let partition: Int
    let epoch: UInt64
    private let context: WriterContext
    private let tell: @Sendable (Event) -> Void
    private let state: Monitor<State>

    /// How long progress alone waits for company, in nanoseconds.
    private static let progressDelay: UInt64 = 100_000_000
    /// After a transaction as much time passes as it took, up to this many nanoseconds: what one costs hardly depends on how much is in it, and at a pace
    /// that the brokers can hold, what waits would have waited anyhow.
    private static let longestRest: UInt64 = 25_000_000
    /// So many records wait for nobody. In steady flow four partitions do half as many commands again with 4,000 as they do with 200.
    private static let fullPart = 4_000

    init(
        _ partition: Int, epoch: UInt64, metadata: GroupMetadata?, generation: Int, context: WriterContext, tell: @escaping @Sendable (Event) -> Void
    ) {
        self.partition = partition
        self.epoch = epoch
        self.context = context
        self.tell = tell
        state = Monitor(State(metadata: metadata, generation: generation))
    }

    /// - Parameter delay: Before anything is begun, in nanoseconds.
    func start(after delay: UInt64 = 0) { ForeignThread.start { self.run(after: delay) } }

    // MARK: What the owner says

    /// Adds to what waits. Nobody else's thread ever waits for this.
    func submit(_ part: Part) {
        state.change { state in
            if state.part.isEmpty { state.part = part } else { state.part.append(part) }
            let now = MonotonicTime.now
            let isFull = state.part.buffer.records.count >= Self.fullPart
            let due = !part.isAwaited ? now &+ Self.progressDelay : isFull ? now : max(now, state.restsUntil)
            state.due = min(state.due ?? due, due)
        }
    }

    /// The group's generation has changed, and the partition is held in the new one too.
    func renew(_ metadata: GroupMetadata?, generation: Int) {
        state.change {
            $0.metadata = metadata
            $0.generation = generation
        }
    }

    /// The partition is to be given up: what was submitted is stored still, in this generation.
    func leave() { state.change { $0.isLeaving = true } }

    /// Stores what waits, notes that nothing is left undone, and ends.
    func release() { state.change { $0.isReleasing = true } }

    /// Ends where it is. What is open is left to time and to the next owner.
    func stop() { state.change { $0.isStopped = true } }

    private var isStopped: Bool { state.read { $0.isStopped } }

    // MARK: The thread

    private func run(after delay: UInt64) {
        var session = Session(partition: partition, context: context)
        defer {
            context.replica?.close(partition, epoch: epoch)
            session.close()
            tell(.ended)
        }
        if delay > 0 { _ = state.wait(until: MonotonicTime.now &+ delay) { $0.isStopped ? true : nil } }
        do {
            try takeOver(&session)
            while true {
                switch nextWork() {
                case .stop: return
                case .store(let part):
                    let start = MonotonicTime.now
                    try store(part, .held, &session)
                    rest(after: start)
                case .release(let part):
                    if part.buffer.isEmpty, context.group.keepsOwnProgress { return mirror(part, session) }
                    try store(part, .released, &session)
                    return
                }
            }
        } catch Failed.lost(let reason) {
            tell(.lost(reason: reason))
        } catch let problem as Misconfiguration {
            tell(.misconfigured(problem))
        } catch {
            // Stopped: nobody waits for more.
        }
    }

    private func nextWork() -> Work {
        while true {
            let due = state.read { $0.due }
            let work = state.wait(until: due) { state -> Work?? in
                if state.isStopped { return .stop }
                if state.isReleasing { return .release(Self.take(&state)) }
                if let due = state.due, due <= MonotonicTime.now { return .store(Self.take(&state)) }
                // Another time than the one that is waited for.
                return state.due == due ? nil : .some(nil)
            }
            if case .some(.some(let work)) = work { return work }
        }
    }

    /// What came in while the transaction ran waits a while too.
    private func rest(after start: UInt64) {
        let now = MonotonicTime.now
        let end = now &+ min(now &- start, Self.longestRest)
        state.change { state in
            state.restsUntil = end
            guard state.part.isAwaited, state.part.buffer.records.count < Self.fullPart else { return }
            state.due = end
        }
    }

    private static func take(_ state: inout State) -> Part {
        defer {
            state.part = Part()
            state.due = nil
        }
        return state.part
    }

    // MARK: Taking over

    /// In this order: the transactional ids, which ends what the one before left open; then the group's offsets, which no open transaction can change any more;
    /// then the end of the events; then read until there; then serve.
    private func takeOver(_ session: inout Session) throws {
        var attempts = 0
        while true {
            do {
                if !context.group.keepsOwnProgress { try session.openProducers { isStopped } }
                let claim = try readClaim(&session)
                try catchUp()
                // Fenced by the group as well from here on: whoever is not its member any more cannot write this.
                if !context.group.keepsOwnProgress { try store(Part(), .held, &session) }
                tell(.takenOver(claim.claim, low: claim.low))
                return
            } catch let failure as KafkaFailure {
                session.closeProducers()
                if isStopped { throw Failed.stopped }
                attempts += 1
                tell(.stalled(reason: "partition \(partition) of '\(context.group.name)' cannot be taken over: \(failure)\(Self.remedy(failure))"))
            } catch let failure as ReplicaFile.Failure {
                if isStopped { throw Failed.stopped }
                attempts += 1
                tell(.stalled(reason: failure.description))
            }
            try pause(attempts)
        }
    }

    private static func remedy(_ failure: KafkaFailure) -> String {
        failure.isRefusal ? ": give this client's user the rights to the application's topics, groups and transactional ids" : ""
    }

    private func readClaim(_ session: inout Session) throws -> (claim: Claim, low: Int64) {
        let topic = context.ready.names.topic(context.group.log)
        let list = PartitionList()
        list.add(topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        // A broker answers it, too, behind what it still owes the member: a member that leaves meanwhile does not wait for that.
        var code = RD_KAFKA_RESP_ERR__TIMED_OUT
        for _ in 0..<5 where code == RD_KAFKA_RESP_ERR__TIMED_OUT && !isStopped {
            code = list.with { rd_kafka_committed(context.consumer.handle, $0, 1_000) }
        }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let entry = list.first else { throw KafkaFailure(code) }
        guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(entry.err) }
        let bounds = try context.ready.admin.bounds(of: topic, partition)
        let note = OffsetNote(UnsafeRawBufferPointer(start: entry.metadata, count: entry.metadata == nil ? 0 : entry.metadata_size))
        var offset = entry.offset
        if offset < 0 {
            // A new group's, or Kafka forgot what a group without members committed long ago: what is read again is recognised.
            let starts = context.starts
            offset = max(starts.indices.contains(partition) ? starts[partition] : 0, bounds.lowerBound)
        }
        if offset > bounds.upperBound, !context.group.keepsOwnProgress {
            throw Misconfiguration(
                "group '\(context.group.name)' has settled partition \(partition) of '\(topic)' up to \(offset), and it ends at \(bounds.upperBound): the topic was created "
                    + "anew, or lost records. Restore it, or name another application")
        }
        session.progress = Position(UInt64(offset))
        session.isRecorded = true
        session.trying = note?.trying
        let claim = Claim(
            partition: partition, progress: session.progress, end: Position(UInt64(bounds.upperBound)),
            isUnclean: note != nil, trying: note?.trying)
        return (claim, bounds.lowerBound)
    }

    private func catchUp() throws {
        guard let replica = context.replica else { return }
        let identity = ReplicaFile.Identity(
            application: context.ready.names.application, group: context.group.name, partition: partition,
            incarnation: context.ready.incarnation(.events), categories: context.group.categories.map(\.description).sorted())
        let topic = context.ready.names.topic(.events)
        let bounds = try context.ready.admin.bounds(of: topic, partition)
        let next = max(try replica.open(identity, epoch: epoch), bounds.lowerBound)
        if next > bounds.upperBound {
            throw Misconfiguration(
                "the replica of partition \(partition) knows '\(topic)' up to \(next), and it ends at \(bounds.upperBound): the topic was created anew, or lost records. "
                    + "Restore it, or remove the replicas and name another application")
        }
        var rows: [(stream: StreamID, bytes: [UInt8], offset: Int64)] = []
        var size = 0
        let codec = WireCodec()
        let categories = context.group.categories
        let reading = LogReading(configuration: context.configuration, group: context.ready.names.group(context.group.name))
        let isWhole = try reading.read(topic, partition, from: next, to: bounds.upperBound, isStopped: { isStopped }) { message in
            if let category = message.header(MessageHeaders.category), !categories.contains(Category(String(decoding: category, as: UTF8.self))) {
                return
            }
            // By key and header where the body is a newer build's: whoever loads the stream is told. What says nothing is passed over.
            guard let stream = (try? codec.decodeCommit(message.body))?.stream ?? message.stream, categories.contains(stream.category)
            else { return }
            rows.append((stream, [UInt8](message.body), message.pointee.offset))
            size += message.body.count
            guard rows.count >= 1_000 || size > 4 << 20 else { return }
            try replica.add(rows, readTo: message.pointee.offset + 1, partition: partition, epoch: epoch)
            rows.removeAll(keepingCapacity: true)
            size = 0
        }
        guard isWhole else { throw Failed.stopped }
        try replica.add(rows, readTo: bounds.upperBound, partition: partition, epoch: epoch)
    }

    // MARK: Storing

    /// Stores a part whole, however often it takes, or learns that it is not known whether it is stored.
    private func store(_ whole: Part, _ ending: Ending, _ session: inout Session) throws {
        var part = whole
        var attempts = 0
        var refused: [SettleAnswer] = []
        var failedGeneration = -1
        let progress = max(part.progress ?? .start, session.progress)
        if session.trying?.isOver(when: session.progress, movesTo: progress) ?? false { session.trying = nil }
        if let next = part.trying { session.trying = next.attempt }
        let note = ending == .released ? OffsetNote.released : OffsetNote(owner: context.member, trying: session.trying).text
        while true {
            let (metadata, generation) = try metadata(after: failedGeneration)
            do {
                if part.buffer.isEmpty, context.group.keepsOwnProgress {
                    // Only a mirror: one that is to be given up meanwhile is said once more with its end.
                    if session.isRecorded {
                        try session.commit(progress, note: note, within: 30_000) { state.read { $0.isStopped || $0.isReleasing || $0.isLeaving } }
                    }
                    return finish(part, [], refused, progress, &session)
                }
                try session.openProducers { isStopped }
                let offsets = try session.transact(part, progress: progress, note: note, metadata) { isStopped }
                return finish(part, offsets, refused, progress, &session)
            } catch let failure as KafkaFailure {
                // After an abort nothing of it is visible and it can be tried again; otherwise nobody knows.
                try session.abort(after: failure) { isStopped }
                if isStopped { throw Failed.stopped }
                if failure.saysNotMember {
                    failedGeneration = generation
                    continue
                }
                if failure.isOfRecord {
                    for record in try session.refused(failure, part) {
                        guard let token = part.remove(record) else { continue }
                        let reason =
                            "the brokers refuse the record (\(failure)): make it smaller, or raise max.message.bytes of the application's topics"
                        refused.append(SettleAnswer(token: token, result: .refused(reason: reason)))
                    }
                    continue
                }
                attempts += 1
                tell(.stalled(reason: "a transaction of partition \(partition) was aborted and is tried again: \(failure)\(Self.remedy(failure))"))
                try pause(attempts)
            }
        }
    }

    /// The last of a group whose progress is its store's. Only a mirror, which nothing depends on: it is not waited for while the group rebalances,
    /// and a rebalance waits for the sessions of the dead.
    private func mirror(_ part: Part, _ session: Session) {
        guard session.isRecorded else { return }
        try? session.commit(max(part.progress ?? .start, session.progress), note: OffsetNote.released, within: 500)
    }

    private func finish(_ part: Part, _ offsets: [Int64], _ refused: [SettleAnswer], _ progress: Position, _ session: inout Session) {
        session.progress = progress
        context.replica?.add(part, offsets: offsets, partition: partition, epoch: epoch)
        var answers = part.tokens.map { SettleAnswer(token: $0.token, result: .stored(Position(UInt64(offsets[$0.record] + 1)))) }
        if let recorded = part.trying { answers.append(SettleAnswer(token: recorded.token, result: .stored(recorded.attempt.position))) }
        guard !answers.isEmpty || !refused.isEmpty else { return }
        tell(.stored(answers + refused, ends: part.commits.map { ($0.stream, Position(UInt64(offsets[$0.record] + 1))) }))
    }

    /// The metadata to fence by, of a generation after one that was refused.
    private func metadata(after failed: Int) throws -> (GroupMetadata, Int) {
        // A member that hears of no other generation for so long has lost its place.
        let deadline = MonotonicTime.now &+ UInt64(context.ready.sessionTimeout.nanoseconds) &* 3
        let found = state.wait(until: deadline) { state -> (GroupMetadata, Int)?? in
            if state.isStopped { return .some(nil) }
            if let metadata = state.metadata, state.generation > failed { return (metadata, state.generation) }
            return state.isLeaving ? .some(nil) : nil
        }
        switch found {
        case .some(.some(let found)): return found
        case .some(nil) where isStopped: throw Failed.stopped
        case .some(nil), nil: throw Failed.lost("the group does not know this member any more")
        }
    }

    private func pause(_ attempts: Int) throws {
        let wait = min(UInt64(50_000_000) << UInt64(min(attempts, 6)), 2_000_000_000)
        if state.wait(until: MonotonicTime.now &+ wait, { $0.isStopped ? true : nil }) != nil { throw Failed.stopped }
    }
}

extension PartitionWriter.Session {
    /// Lets nothing be visible of what failed.
    fileprivate mutating func abort(after failure: KafkaFailure, isStopped: () -> Bool) throws {
        guard let failed else { return }
        guard failure.requiresAbort, !failure.isFatal, !isStopped() else { throw lostOrStopped(failure, isStopped()) }
        do { try producers[failed].abort(isStopped: isStopped) } catch { throw lostOrStopped(error, isStopped()) }
        self.failed = nil
    }

    private func lostOrStopped(_ failure: KafkaFailure, _ isStopped: Bool) -> any Error {
        isStopped ? PartitionWriter.Failed.stopped : PartitionWriter.Failed.lost("the outcome of a transaction is not known: \(failure)")
    }
}

extension PartitionWriter {
    /// What the thread has for itself.
    fileprivate struct Session {
        let partition: Int
        let context: WriterContext
        var producers: [TransactionalProducer] = []
        /// Whose transaction is open.
        var failed: Int?
        var turn = 0
        var progress = Position.start
        /// Whether the progress is the recorded one.
        var isRecorded = false
        /// What an owner tries, and has not outlived.
        var trying: Attempt?
        /// The topics' limit, which may have become smaller.
        var maximumMessage: Int

        init(partition: Int, context: WriterContext) {
            self.partition = partition
            self.context = context
            maximumMessage = context.ready.maximumMessage
        }

        /// Which records the brokers will never store, the last first. A limit of theirs that has become smaller is respected from now on.
        mutating func refused(_ failure: KafkaFailure, _ part: Part) throws(KafkaFailure) -> [Int] {
            let names = context.ready.names
            let settings = try context.ready.admin.settings(of: Log.allCases.map { names.topic($0) })
            let limit = settings.values.compactMap { $0["max.message.bytes"].flatMap { Int($0) } }.min() ?? maximumMessage
            if limit < maximumMessage {
                maximumMessage = limit
                closeProducers()
                return part.buffer.records.indices.reversed().filter { part.buffer.records[$0].value.count + 8_192 > limit }
            }
            return failure.record.map { [$0] } ?? []
        }

        mutating func openProducers(isStopped: () -> Bool) throws {
            guard producers.isEmpty else { return }
            var made: [TransactionalProducer] = []
            do {
                for turn in 0..<2 {
                    let id = context.ready.names.transactionalID(group: context.group.name, partition: partition, turn: turn)
                    let producer = try TransactionalProducer(context.configuration, id: id, maximumMessage: maximumMessage)
                    made.append(producer)
                    try producer.initialise(within: 30_000, isStopped: isStopped)
                }
            } catch {
                for producer in made { producer.client.closeLater() }
                throw error
            }
            producers = made
        }

        mutating func transact(
            _ part: Part, progress: Position, note: String, _ metadata: GroupMetadata, isStopped: () -> Bool
        ) throws(KafkaFailure) -> [Int64] {
            let producer = producers[turn]
            failed = turn
            turn = 1 - turn
            try producer.begin()
            let offsets = part.buffer.isEmpty ? [] : try producer.produce(part.buffer, topics: context.topics, isStopped: isStopped)
            // Never an empty list: the group's check of it is what fences.
            try producer.send(list(progress, note), metadata)
            try producer.commit(isStopped: isStopped)
            failed = nil
            return offsets
        }

        /// For groups whose progress is only a mirror of their store's: not in a transaction. A broker answers it behind what it still owes the member,
        /// and so after a rebalance.
        /// - Parameters:
        ///   - limit: In milliseconds.
        ///   - isGivenUp: Whether to return without an answer.
        func commit(_ progress: Position, note: String, within limit: Int32, unless isGivenUp: () -> Bool = { false })
            throws(KafkaFailure)
        {
            let answers = rd_kafka_queue_new(context.consumer.handle)
            defer { rd_kafka_queue_destroy(answers) }
            let sent = list(progress, note).with { rd_kafka_commit_queue(context.consumer.handle, $0, answers, nil, nil) }
            guard sent == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(sent) }
            var waited: Int32 = 0
            var found: OpaquePointer?
            while found == nil, waited < limit, !isGivenUp() {
                found = rd_kafka_queue_poll(answers, 100)
                waited += 100
            }
            guard let answer = found else {
                if isGivenUp() { return }
                throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT)
            }
            defer { rd_kafka_event_destroy(answer) }
            let code = rd_kafka_event_error(answer)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code) }
        }

        private func list(_ progress: Position, _ note: String) -> PartitionList {
            let list = PartitionList()
            list.add(context.ready.names.topic(context.group.log), partition, offset: Int64(clamping: progress.rawValue), note: note)
            return list
        }

        mutating func closeProducers() {
            if let failed { producers[failed].giveUp() }
            for producer in producers { producer.client.closeLater() }
            producers = []
            failed = nil
        }

        mutating func close() { closeProducers() }
    }
}

/// What the writers of a member have in common.
struct WriterContext: Sendable {
    let configuration: KafkaConfiguration
    let ready: Ready
    let group: GroupDeclaration
    let member: String
    /// The member's place in its group.
    let consumer: Client
    let replica: Replica?
    /// Where the group begins, by partition.
    let starts: [Int64]
    let topics: TopicNames
}
#endif

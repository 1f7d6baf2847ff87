#if NATS
import CNATS
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Synchronization

/// Keeps one member's partitions: presence, watch, claims, renewals, progress and releases, on the control connection, so that a slow `decide` on the
/// member's own loop stops no renewal. The rules are `OwnershipTable`'s.
final class Keeper: LinkClient, Sendable {
    /// What the member is told.
    enum Event: Sendable {
        case claimed(Claim, epoch: UInt64)
        /// What the member tries next is recorded.
        case tried(partition: Int, epoch: UInt64, token: Int, position: Position)
        case revoked(Int)
        case lost(Int)
        /// The partition is claimed by nobody until a person has mended its key.
        case blocked(Int, reason: String)
        /// Of the control connection, which sees sooner than the member's own that the server is silent.
        case link(LinkChange)
    }
    private struct Incoming: Sendable {
        var arrivals: [Arrival] = []
        var changes: [LinkChange] = []
        var progress: [(partition: Int, epoch: UInt64, position: Position)] = []
        var tries: [(item: Outcome.Try, epoch: UInt64)] = []
        var releases: [(partition: Int, epoch: UInt64)] = []
        var isDraining = false
        var isLeaving = false
        var isAbandoned = false

        mutating func removeAll() {
            arrivals.removeAll(keepingCapacity: true)
            changes.removeAll(keepingCapacity: true)
            progress.removeAll(keepingCapacity: true)
            tries.removeAll(keepingCapacity: true)
            releases.removeAll(keepingCapacity: true)
        }
    }
    private enum Request {
        case presence
        case write(partition: Int, record: OwnershipRecord, previous: UInt64)
        /// What the key of a refused write holds.
        case read(partition: Int, refused: OwnershipRecord, previous: UInt64)
        case measure(partition: Int)
        /// Where a claimed partition ends.
        case end(partition: Int, epoch: UInt64, progress: Position, isUnclean: Bool, trying: Attempt?)
        case consumer(source: UInt64)
        case deletion
        case trim(Trimmer.Step)
    }
    private struct Pending {
        var request: Request
        var due: UInt64
    }

    /// What the loop of `run` has for itself.
    private struct State {
        var table: OwnershipTable
        var pending = SlotTable<Pending>()
        var watch: PullReader
        var watchSource: UInt64 = 0
        var presenceRevision: UInt64 = 0
        var presenceDue: UInt64 = 0
        var presenceBeat: UInt64 = 0
        var isPresenceInFlight = false
        var isUp = true
        var isDraining = false
        var isLeaving = false
        var leavesBy: UInt64 = .max
        var actions: [OwnershipTable.Action] = []
        /// Partitions that the member knows it holds.
        var told: Set<Int> = []
        var trimmer: Trimmer?
        let codec = WireCodec()
    }

    let ready: Ready
    let group: GroupDeclaration
    let member: String
    let lease: UInt64
    private let trims: Bool
    private let categories: [Category]
    private let mailbox = Mailbox(Incoming())
    private let tell: @Sendable (Event) -> Void
    private let inbox: String
    private let client = Mutex(0)

    private var link: Link { ready.control }
    private let presenceKey: String
    private let ownershipPrefix: String
    private let presencePrefix: String
    private let keptPrefix: String

    init(ready: Ready, group: GroupDeclaration, member: String, lease: UInt64, trims: Bool, tell: @escaping @Sendable (Event) -> Void) {
        self.ready = ready
        self.group = group
        self.member = member
        self.lease = lease
        self.trims = trims
        self.tell = tell
        categories = group.categories.sorted { $0.description < $1.description }
        inbox = "\(ready.control.inbox).k\(member)"
        presenceKey = ready.names.presenceKey(group: group.name, member: member)
        let keys = ready.names.groupKeys(group.name).dropLast()
        ownershipPrefix = keys + "partition."
        presencePrefix = keys + "member."
        keptPrefix = keys + "kept."
    }

    // MARK: From elsewhere

    func progress(partition: Int, epoch: UInt64, position: Position) {
        mailbox.put { $0.progress.append((partition, epoch, position)) }
    }

    /// Answered with an event when it is recorded, together with the progress that was said before.
    func attempt(_ item: Outcome.Try, epoch: UInt64) {
        mailbox.put { $0.tries.append((item, epoch)) }
    }

    func release(partition: Int, epoch: UInt64) {
        mailbox.put { $0.releases.append((partition, epoch)) }
    }

    /// Claims nothing more, and leaves the quotas of the others; what is held stays held until it is released.
    func drain() { mailbox.put { $0.isDraining = true } }

    /// Gives up what is still held, says goodbye, and lets `run` return: soon, even without a server.
    func leave() { mailbox.put { $0.isLeaving = true } }

    /// Lets `run` return as a killed process would: nothing is released. For tests.
    func abandon() { mailbox.put { $0.isAbandoned = true } }

    func arrived(_ arrivals: inout [Arrival]) {
        mailbox.put { $0.arrivals.append(contentsOf: arrivals) }
        arrivals.removeAll(keepingCapacity: true)
    }

    func changed(_ change: LinkChange) {
        // What is unanswered is asked again every second anyway.
        if change == .unheard { return }
        mailbox.put { $0.changes.append(change) }
        tell(.link(change))
    }

    // MARK: The loop

    /// Serves until `leave`. Cancellation does not end it: a member keeps its partitions until it has settled.
    func run() async {
        let now = MonotonicTime.now
        let number = link.add(self)
        client.withLock { $0 = number }
        defer { link.remove(client: number) }
        _ = link.subscribe("\(inbox).*", client: number, source: 0)
        var state = State(
            table: OwnershipTable(
                member: member, partitionCount: ready.partitionCount, incarnation: ready.incarnation(group.log), startsAtEnd: group.start == .end,
                lease: lease),
            watch: PullReader(window: 1024, byteWindow: 16 << 20, largestMessage: ready.maximumPayload + 8192, now: now))
        if trims, group.log == .commands { state.trimmer = Trimmer(categories: categories.count) }
        let timer = LoopTimer { [mailbox] in mailbox.wake() }
        var incoming = Incoming()
        while true {
            if mailbox.take(&incoming) {
                for change in incoming.changes { take(change, &state) }
                for arrival in incoming.arrivals { take(arrival, &state) }
                for item in incoming.progress { state.table.progress(partition: item.partition, epoch: item.epoch, to: item.position) }
                for (item, epoch) in incoming.tries {
                    state.table.attempt(item.attempt, partition: item.partition, epoch: epoch, token: item.token)
                }
                for item in incoming.releases { state.table.release(partition: item.partition, epoch: item.epoch) }
                if incoming.isAbandoned { break }
                if incoming.isDraining || incoming.isLeaving, !state.isDraining {
                    state.isDraining = true
                    state.presenceDue = .max
                    state.table.drain()
                    send(.deletion, MonotonicTime.now, &state)
                }
                if incoming.isLeaving, !state.isLeaving {
                    state.isLeaving = true
                    state.leavesBy = MonotonicTime.now &+ 2_000_000_000
                    state.table.leave()
                }
                incoming.removeAll()
            }
            let now = MonotonicTime.now
            tick(now, &state)
            if state.isLeaving, state.table.isEmpty || now >= state.leavesBy {
                deleteWatch(state)
                break
            }
            link.loop.arm(timer, at: nextDue(state))
            await mailbox.wait()
        }
        link.loop.disarm(timer)
        // What came meanwhile belongs to nobody else.
        while mailbox.take(&incoming) {
            for arrival in incoming.arrivals { Library.destroy(arrival.message) }
            incoming.removeAll()
        }
    }

    private func nextDue(_ state: State) -> UInt64 {
        var due = min(state.presenceDue, state.leavesBy)
        if let next = state.table.nextDue() { due = min(due, next) }
        if let next = state.watch.nextCheck(isUp: state.isUp) { due = min(due, next) }
        if state.isUp, let next = state.trimmer?.nextDue { due = min(due, next) }
        if state.pending.count > 0 { due = min(due, MonotonicTime.now &+ 100_000_000) }
        return due
    }

    private func tick(_ now: UInt64, _ state: inout State) {
        if now >= state.presenceDue {
            if state.isPresenceInFlight { state.table.interrupted() }
            writePresence(now, &state)
        }
        if state.isUp, let reason = state.watch.silence(at: now) { restartWatch(reason, now, &state) }
        if case .waiting(let until) = state.watch.phase, until <= now, state.isUp { createWatch(now, &state) }
        while let ask = state.watch.nextAsk() {
            link.publish(
                subject: ConsumerRequest.next(stream: ready.names.bucketStream, consumer: state.watch.consumer),
                reply: "\(inbox).w.\(state.watchSource)",
                body: ConsumerRequest.body(ask))
        }
        state.actions += state.table.due(at: now)
        perform(now, &state)
        if state.isUp, let step = state.trimmer?.next(at: now) { send(.trim(step), now, &state) }
        if state.pending.count > 0, state.isUp {
            for number in state.pending.numbers(where: { $0.due <= now }) { repeatRequest(number, now, &state) }
        }
    }

    private func perform(_ now: UInt64, _ state: inout State) {
        while !state.actions.isEmpty {
            let actions = state.actions
            state.actions = []
            for action in actions {
                switch action {
                case .write(let partition, let record, let previous):
                    send(.write(partition: partition, record: record, previous: previous), now, &state)
                case .measure(let partition): send(.measure(partition: partition), now, &state)
                case .claimed(let partition, let epoch, let progress, let isUnclean, let trying):
                    send(.end(partition: partition, epoch: epoch, progress: progress, isUnclean: isUnclean, trying: trying), now, &state)
                case .tried(let partition, let epoch, let token, let position):
                    tell(.tried(partition: partition, epoch: epoch, token: token, position: position))
                case .revoked(let partition):
                    // The member never heard of it: there is nothing to finish first.
                    if state.told.contains(partition) { tell(.revoked(partition)) } else { state.table.release(partition: partition, epoch: nil) }
                case .lost(let partition):
                    state.trimmer?.forget(partition: partition)
                    if state.told.remove(partition) != nil { tell(.lost(partition)) }
                case .released(let partition):
                    state.told.remove(partition)
                    state.trimmer?.forget(partition: partition)
                case .unreadable(let partition):
                    let key = ready.names.ownershipKey(group: group.name, partition: partition)
                    tell(
                        .blocked(
                            partition,
                            reason:
                                "the key '\(key)' of the stream '\(ready.names.bucketStream)' was deleted or cannot be read by this build, so nobody claims the "
                                + "partition: deploy a newer build, or restore the key from a backup"))
                }
            }
        }
    }

    // MARK: What arrives

    private func take(_ change: LinkChange, _ state: inout State) {
        let now = MonotonicTime.now
        switch change {
        case .unheard: break
        case .lost, .closed:
            state.isUp = false
            state.table.interrupted()
        case .restored:
            state.isUp = true
            state.isPresenceInFlight = false
            state.presenceDue = state.isDraining ? .max : now
            restartWatch("the connection was restored", now, &state)
            for number in state.pending.numbers(where: { _ in true }) { repeatRequest(number, now, &state) }
        }
    }

    private func take(_ arrival: Arrival, _ state: inout State) {
        defer { Library.destroy(arrival.message) }
        let now = MonotonicTime.now
        if arrival.source == 0 {
            guard let number = arrival.number(after: inbox.utf8.count + 1), let pending = state.pending.remove(number) else { return }
            answer(pending, arrival.body, now, &state)
        } else if arrival.source == state.watchSource {
            watch(arrival, now, &state)
        }
        perform(now, &state)
    }

    private func answer(_ pending: Pending, _ body: UnsafeRawBufferPointer, _ now: UInt64, _ state: inout State) {
        func again() { _ = state.pending.insert(Pending(request: pending.request, due: now &+ 200_000_000)) }
        switch pending.request {
        case .presence, .deletion: break
        case .trim(let step): answerTrim(step, body, now, &state)
        case .write(let partition, let record, let previous):
            switch PublishAnswer(body) {
            case .stored(let sequence, _):
                state.actions += state.table.written(partition: partition, record, revision: sequence)
                if state.table.owns(partition: partition, epoch: record.epoch) {
                    state.trimmer?.settled(partition: partition, position: record.progress)
                }
            case .failed(let error) where error.isWrongSequence:
                send(.read(partition: partition, refused: record, previous: previous), now, &state)
            case .failed, .noResponders, .unreadable: again()
            }
        case .read(let partition, let refused, let previous):
            switch StoredMessage.read(body) {
            case .message(let message) where message.sequence == previous:
                // Nothing was stored since: the server refused it because another write to the key, ours or not, is under way.
                let write = Request.write(partition: partition, record: refused, previous: previous)
                _ = state.pending.insert(Pending(request: write, due: now &+ 50_000_000))
            case .message(let message):
                let record = message.data.withUnsafeBytes { try? state.codec.decodeOwnership($0) }
                state.actions += state.table.refused(partition: partition, refused, record: record, revision: message.sequence)
            case .nothing: state.actions += state.table.refused(partition: partition, refused, record: nil, revision: 0)
            case .failed, .unreadable: again()
            }
        case .measure(let partition):
            guard let end = Self.sequence(body) else { return again() }
            state.actions += state.table.measured(partition: partition, end: Position(end))
        case .end(let partition, let epoch, let progress, let isUnclean, let trying):
            guard state.table.owns(partition: partition, epoch: epoch) else { return }
            guard let last = Self.sequence(body) else { return again() }
            state.told.insert(partition)
            // What is settled may be trimmed, the last command too: then the partition ends behind its last message.
            let end = max(Position(last), progress)
            tell(.claimed(Claim(partition: partition, progress: progress, end: end, isUnclean: isUnclean, trying: trying), epoch: epoch))
        case .consumer(let source):
            guard source == state.watchSource else { return }
            if let name = Scan.string(after: "\"name\":", in: body), APIError(in: body) == nil {
                state.watch.created(name, at: now)
            } else {
                state.watch.restart(at: now)
            }
        }
    }

    private func answerTrim(_ step: Trimmer.Step, _ body: UnsafeRawBufferPointer, _ now: UInt64, _ state: inout State) {
        switch step {
        case .find:
            guard let first = Self.sequence(body) else {
                state.trimmer?.failed(at: now)
                return
            }
            if let purge = state.trimmer?.found(first == 0 ? nil : first, at: now) { send(.trim(purge), now, &state) }
        case .purge:
            guard APIError(in: body) == nil, let count = Scan.number(after: "\"purged\":", in: body) else {
                state.trimmer?.failed(at: now)
                return
            }
            state.trimmer?.purged(count, at: now)
        }
    }

    /// The sequence of a stored message; 0 where there is none; nil where that is not known.
    private static func sequence(_ body: UnsafeRawBufferPointer) -> UInt64? {
        guard let error = APIError(in: body) else { return Scan.number(after: "\"seq\":", in: body) }
        return error.errorCode == APIError.noMessageFound ? 0 : nil
    }

    private func watch(_ arrival: Arrival, _ now: UInt64, _ state: inout State) {
        guard let reply = natsMsg_GetReply(arrival.message).flatMap({ DeliveryReply($0) }) else {
            let (code, text, pending, last) = arrival.status
            if case .restart(let reason) = state.watch.status(code, text, pending: pending, last: last, at: now) { restartWatch(reason, now, &state) }
            return
        }
        guard state.watch.receive(reply.consumerSequence, at: now) else { return restartWatch("messages of the watch are missing", now, &state) }
        let key = String(cString: arrival.subject)
        let body = arrival.body
        if key.hasPrefix(presencePrefix) {
            guard let id = SubjectToken.unescaped(key.dropFirst(presencePrefix.count).utf8) else { return }
            state.actions += state.table.observed(presence: id, revision: reply.streamSequence, isPresent: !body.isEmpty)
            if id == member, body.elementsEqual(String(state.presenceBeat).utf8) {
                state.isPresenceInFlight = false
                state.actions += state.table.echoed(at: now)
            }
        } else if key.hasPrefix(ownershipPrefix), let partition = Int(key.dropFirst(ownershipPrefix.count)) {
            // A record that cannot be read counts as an owner that never renews.
            let record = body.isEmpty ? nil : try? state.codec.decodeOwnership(body)
            state.actions += state.table.observed(partition: partition, record: record, revision: reply.streamSequence)
        } else if key.hasPrefix(keptPrefix), let partition = Int(key.dropFirst(keptPrefix.count)),
            let position = UInt64(String(decoding: body, as: UTF8.self))
        {
            state.trimmer?.keep(partition: partition, from: Position(position))
        }
    }

    // MARK: What is sent

    private func writePresence(_ now: UInt64, _ state: inout State) {
        guard !state.isDraining else { return }
        state.presenceBeat += 1
        state.presenceDue = now &+ lease / 5
        state.isPresenceInFlight = true
        if state.isUp { send(.presence, now, &state) }
    }

    private func createWatch(_ now: UInt64, _ state: inout State) {
        if state.watchSource != 0 { link.unsubscribe(client: client.withLock { $0 }, source: state.watchSource) }
        state.watchSource += 1
        guard link.subscribe("\(inbox).w.\(state.watchSource)", client: client.withLock { $0 }, source: state.watchSource) else { return }
        state.watch.creating(at: now)
        send(.consumer(source: state.watchSource), now, &state)
    }

    private func restartWatch(_ reason: String, _ now: UInt64, _ state: inout State) {
        deleteWatch(state)
        state.table.interrupted()
        state.watch.restart(at: now)
    }

    private func repeatRequest(_ number: UInt64, _ now: UInt64, _ state: inout State) {
        guard let pending = state.pending.remove(number) else { return }
        switch pending.request {
        case .presence: break
        case .trim: state.trimmer?.failed(at: now)
        case .consumer: break  // The watch's own silence sees to it.
        default: send(pending.request, now, &state)
        }
    }

    private func send(_ request: Request, _ now: UInt64, _ state: inout State) {
        let number = state.pending.insert(Pending(request: request, due: now &+ 1_000_000_000))
        let reply = "\(inbox).\(number)"
        switch request {
        case .presence: link.publish(subject: presenceKey, reply: reply, body: String(state.presenceBeat))
        case .deletion: link.publish(subject: presenceKey, reply: reply, body: "")
        case .write(let partition, let record, let previous):
            var block: [UInt8] = []
            HeaderBlock.begin(&block)
            HeaderBlock.line("Nats-Expected-Last-Subject-Sequence", &block) { $0.append(decimal: previous) }
            HeaderBlock.end(&block)
            let headers = block.count
            state.codec.withEncoded(record) { block.append(contentsOf: $0) }
            link.publish(
                subject: [UInt8](ready.names.ownershipKey(group: group.name, partition: partition).utf8) + [0], reply: [UInt8](reply.utf8) + [0],
                block: block,
                headers: headers)
        case .read(let partition, _, _):
            lastMessage(ready.names.bucketStream, ready.names.ownershipKey(group: group.name, partition: partition), reply)
        case .measure(let partition), .end(let partition, _, _, _, _):
            lastMessage(ready.names.stream(group.log), ready.names.filter(of: group, partition: partition), reply)
        case .trim(.find(let partition, let category)):
            let filter = ready.names.filter(.commands, partition: partition, category: categories[category])
            link.publish(
                subject: "$JS.API.STREAM.MSG.GET.\(ready.names.stream(.commands))", reply: reply,
                body: "{\"seq\":1,\"next_by_subj\":\(JSONValue.quoted(filter))}")
        case .trim(.purge(let partition, let category, let end)):
            let filter = ready.names.filter(.commands, partition: partition, category: categories[category])
            link.publish(
                subject: "$JS.API.STREAM.PURGE.\(ready.names.stream(.commands))", reply: reply,
                body: "{\"filter\":\(JSONValue.quoted(filter)),\"seq\":\(end)}")
        case .consumer:
            link.publish(
                subject: ConsumerRequest.subject(stream: ready.names.bucketStream), reply: reply,
                body: ConsumerRequest.body(stream: ready.names.bucketStream, filter: ready.names.groupKeys(group.name), start: .lastPerSubject))
        }
    }

    private func lastMessage(_ stream: String, _ subject: String, _ reply: String) {
        link.publish(subject: "$JS.API.STREAM.MSG.GET.\(stream)", reply: reply, body: "{\"last_by_subj\":\(JSONValue.quoted(subject))}")
    }

    private func deleteWatch(_ state: State) {
        guard !state.watch.consumer.isEmpty else { return }
        link.publish(
            subject: ConsumerRequest.deletion(stream: ready.names.bucketStream, consumer: state.watch.consumer), reply: "\(inbox).0", body: "")
    }
}

extension Names {
    /// What a group's reader is sent: one category alone where it asks for no more.
    func filter(of group: GroupDeclaration, partition: Int?) -> String {
        let only = group.categories.count == 1 && group.senders.isEmpty ? group.categories.first : nil
        return filter(group.log, partition: partition, category: only)
    }
}

extension Arrival {
    /// Of a message that stands for none of the stream: code, text, how much of a request will not come, the consumer's last sequence.
    var status: (code: Int, text: String, pending: Int?, last: UInt64?) {
        (
            header("Status").flatMap { Int($0) } ?? 0, header("Description") ?? "", header("Nats-Pending-Messages").flatMap { Int($0) },
            header("Nats-Last-Consumer").flatMap { UInt64($0) }
        )
    }
}
#endif

#if NATS
import CNATS
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

/// What a load has read so far; a reference, so that a long stream is not copied with each of its commits.
final class LoadedCommits {
    var commits: [StoredCommit] = []
    /// As they were stored.
    var bytes = 0
    /// Of a letter that holds only its command's place: that.
    var command: Position?
}

/// What a member's loop has for itself: the partitions it holds, what is unanswered, its readers.
struct MemberCore {
    /// A partition that is held, from its claim on.
    struct Session {
        var epoch: UInt64
        var reader: PartitionReader?
        var isRevoked = false
        var progress = Position.start
    }

    /// What an answer is awaited for.
    enum Request {
        case append(Outcome.Append)
        /// An append was refused or stored before: what occupies its place?
        case occupant(Outcome.Append, isLast: Bool)
        case message(Outcome.Message)
        case letter(Outcome.Letter)
        /// The mark that keeps the message of a letter that holds only its place.
        case keep(Outcome.Letter)
        case load(Outcome.Load, LoadedCommits)
        case consumer(reader: Int, source: UInt64)
    }

    struct Pending {
        var request: Request
        var partition: Int
        var epoch: UInt64
        /// When it is sent again.
        var due: UInt64
        var attempts: Int
    }

    let ready: Ready
    let link: Link
    let client: Int
    let group: GroupDeclaration
    let inbox: String
    let keeper: Keeper
    let codec = WireCodec()
    let eventsRead: String

    var sessions: [Session?]
    var pending = SlotTable<Pending>()
    var lanes = CommandLanes<(message: Outcome.Message, epoch: UInt64)>(window: 4096)
    /// A load holds what it has read until its stream's end: so not all read at once.
    var loads = LoadLanes<(load: Outcome.Load, loaded: LoadedCommits, epoch: UInt64)>(window: 256, byteWindow: 64 << 20)
    var writer: RecordWriter
    var decoder: DeliveryDecoder
    var isUp = true
    var isControlUp = true
    /// Why libnats gave up a connection, if it did: what was held is lost, and the member ends.
    var closure: String?
    /// By partition; the last is the whole log's.
    var readers: [LogReader?]
    /// How far the reader of the whole log has come.
    var wholePosition = Position.start
    /// Until then partitions are read each by itself.
    var apartUntil: UInt64 = 0
    var sourcesMade: UInt64 = 0
    var nextSweep: UInt64 = 0
    var silence = Silence()
    /// By partition, when a stall was last told.
    var stallTold: [UInt64]
    /// Partitions with skipped records to tell of.
    var withSkips: [Int] = []
    /// What `submit` could say at once: it is told in the next turn.
    var early: [SettleAnswer] = []

    init(ready: Ready, link: Link, client: Int, group: GroupDeclaration, inbox: String, keeper: Keeper) {
        self.ready = ready
        self.link = link
        self.client = client
        self.group = group
        self.inbox = inbox
        self.keeper = keeper
        eventsRead = "$JS.API.STREAM.MSG.GET.\(ready.names.stream(.events))"
        sessions = Array(repeating: nil, count: ready.partitionCount)
        readers = Array(repeating: nil, count: ready.partitionCount + 1)
        stallTold = Array(repeating: 0, count: ready.partitionCount)
        writer = RecordWriter(ready: ready, inbox: inbox)
        decoder = DeliveryDecoder(group: group, names: ready.names, codec: codec)
    }

    // MARK: What has arrived

    mutating func take(_ incoming: inout NATSMember.Incoming, into turn: inout Turn) {
        let now = MonotonicTime.now
        for event in incoming.ownership { take(event, into: &turn) }
        for change in incoming.changes { take(change, now, into: &turn) }
        if !incoming.arrivals.isEmpty { silence.heard(at: now) }
        for arrival in incoming.arrivals {
            if arrival.source == 0 { takeAnswer(arrival, now, into: &turn) } else { takeRead(arrival, now, into: &turn) }
            Library.destroy(arrival.message)
        }
        tellSkips(into: &turn)
        sendMessages(now)
        sendLoads(now)
    }

    /// Sees to what depends on time; gives the time to look again.
    mutating func tick(_ now: UInt64, into turn: inout Turn) -> UInt64? {
        if !early.isEmpty {
            turn.answers.append(contentsOf: early)
            early.removeAll(keepingCapacity: true)
        }
        var next = tendReaders(now, into: &turn)
        if silence.isTooLong(at: now, isAwaiting: isUp && pending.count > 0) {
            link.renew("no request was answered, nor anything else heard, for \(Silence.limit / 1_000_000_000) s")
        }
        if pending.count > 0 {
            if now >= nextSweep {
                nextSweep = now &+ 50_000_000
                if isUp { for number in pending.numbers(where: { $0.due <= now }) { repeatRequest(number, now, into: &turn) } }
                sendLoads(now)
            }
            next = min(next ?? .max, nextSweep)
        }
        return next
    }

    private mutating func take(_ event: Keeper.Event, into turn: inout Turn) {
        switch event {
        case .claimed(let claim, let epoch):
            sessions[claim.partition] = Session(epoch: epoch, progress: claim.progress)
            turn.claimed.append(claim)
        case .tried(let partition, let epoch, let token, let position):
            guard isHeld(partition, epoch) else { return }
            turn.answers.append(SettleAnswer(token: token, result: .stored(position)))
        case .revoked(let partition):
            guard sessions[partition] != nil else { return }
            sessions[partition]!.isRevoked = true
            endReading(partition)
            turn.revoked.append(partition)
        case .lost(let partition):
            guard sessions[partition] != nil else { return }
            drop(partition)
            // What this turn already holds of it is not the member's any more, but harmless: its appends are fenced.
            turn.lost.append(partition)
        case .blocked(let partition, let reason): turn.notices.append(.stalled(partition: partition, reason: reason))
        case .link(.lost(let reason)):
            tellLost(reason, into: &turn)
            isControlUp = false
        case .link(.unheard): break
        case .link(.closed(let reason)): close(reason, into: &turn)
        case .link(.restored):
            isControlUp = true
            if isUp { turn.notices.append(.connectionRestored) }
        }
    }

    private mutating func take(_ change: LinkChange, _ now: UInt64, into turn: inout Turn) {
        switch change {
        case .lost(let reason):
            tellLost(reason, into: &turn)
            isUp = false
        case .unheard:
            let soon = now &+ Publisher.unheardWait
            for number in pending.numbers(where: { $0.due > soon }) {
                pending[number]!.due = soon
                pending[number]!.attempts = 0
                tellStall(pending[number]!.partition, "nobody answers for JetStream", now, into: &turn)
            }
        case .closed(let reason):
            isUp = false
            close(reason, into: &turn)
        case .restored:
            isUp = true
            if isControlUp { turn.notices.append(.connectionRestored) }
            for index in readers.indices { restartReader(index, "the connection was restored", now, into: &turn) }
            for number in pending.numbers(where: { _ in true }) { repeatRequest(number, now, into: &turn) }
        }
    }

    /// One server's end is told once, though it ends both connections.
    private func tellLost(_ reason: String, into turn: inout Turn) {
        if isUp, isControlUp { turn.notices.append(.connectionLost(reason: reason)) }
    }

    /// Of what is held nothing can be settled any more: others go on with it, and read again what was in hand.
    private mutating func close(_ reason: String, into turn: inout Turn) {
        isControlUp = false
        if closure == nil { closure = reason }
        turn.notices.append(.connectionLost(reason: reason))
        for partition in sessions.indices where sessions[partition] != nil {
            drop(partition)
            turn.lost.append(partition)
        }
    }

    /// Ends a session: its answers are awaited no more.
    mutating func drop(_ partition: Int) {
        endReading(partition)
        sessions[partition] = nil
    }

    func isHeld(_ partition: Int, _ epoch: UInt64) -> Bool { sessions[partition]?.epoch == epoch }

    // MARK: What is submitted

    mutating func submit(_ outcome: inout Outcome) {
        let now = MonotonicTime.now
        for start in outcome.starts where isHeld(start.partition) { startReading(start.partition, after: start.after) }
        for finished in outcome.finished where isHeld(finished.partition) { finish(finished.count, of: finished.partition) }
        for load in outcome.loads { if let epoch = epoch(load.partition) { loads.add((load, LoadedCommits(), epoch)) } }
        sendLoads(now)
        for append in outcome.appends { if let epoch = epoch(append.partition) { send(.append(append), append.partition, epoch, now) } }
        for letter in outcome.letters { if let epoch = epoch(letter.partition) { send(.letter(letter), letter.partition, epoch, now) } }
        for message in outcome.messages {
            if let epoch = epoch(message.partition) { lanes.add((message, epoch), to: message.envelope.stream) }
        }
        sendMessages(now)
        for reply in outcome.replies { writer.send(answer: reply.answer, to: reply.to, on: link) }
        for progress in outcome.progress {
            guard isHeld(progress.partition), progress.position > sessions[progress.partition]!.progress else { continue }
            sessions[progress.partition]!.progress = progress.position
            keeper.progress(partition: progress.partition, epoch: sessions[progress.partition]!.epoch, position: progress.position)
        }
        for item in outcome.tries { if let epoch = epoch(item.partition) { keeper.attempt(item, epoch: epoch) } }
        for partition in outcome.releases where isHeld(partition) {
            keeper.release(partition: partition, epoch: sessions[partition]!.epoch)
            drop(partition)
        }
        for finished in outcome.finished where isHeld(finished.partition) { askForMore(of: finished.partition) }
    }

    private func isHeld(_ partition: Int) -> Bool { sessions.indices.contains(partition) && sessions[partition] != nil }
    private func epoch(_ partition: Int) -> UInt64? { sessions.indices.contains(partition) ? sessions[partition]?.epoch : nil }

    // MARK: Sending

    mutating func sendMessages(_ now: UInt64) {
        while isUp, let entry = lanes.next() {
            guard isHeld(entry.message.partition, entry.epoch) else {
                lanes.finished(entry.message.envelope.stream)
                continue
            }
            send(.message(entry.message), entry.message.partition, entry.epoch, now)
        }
    }

    mutating func sendLoads(_ now: UInt64) {
        while isUp, let entry = loads.next() {
            guard isHeld(entry.load.partition, entry.epoch) else {
                loads.finished(bytes: entry.loaded.bytes)
                continue
            }
            send(.load(entry.load, entry.loaded), entry.load.partition, entry.epoch, now)
        }
    }

    /// The partition of a request is not held any more.
    mutating func giveUp(_ request: Request) {
        switch request {
        case .message(let message): lanes.finished(message.envelope.stream)
        case .load(_, let loaded): loads.finished(bytes: loaded.bytes)
        case .append, .occupant, .letter, .keep, .consumer: break
        }
    }

    mutating func send(_ request: Request, _ partition: Int, _ epoch: UInt64, _ now: UInt64, attempts: Int = 0) {
        var wait = min(UInt64(2_000_000_000) << UInt64(min(attempts, 3)), 10_000_000_000)
        // The reader itself asks again; until it has, an answer is awaited.
        if case .consumer = request { wait = 2 * PullReader.silence }
        let number = pending.insert(Pending(request: request, partition: partition, epoch: epoch, due: now &+ wait, attempts: attempts + 1))
        let result: RecordWriter.Result
        switch request {
        case .append(let append): result = writer.send(append: append, number: number, on: link)
        case .message(let message): result = writer.send(command: message.envelope, number: number, on: link)
        case .letter(let letter): result = writer.send(letter, number: number, on: link)
        case .keep(let letter):
            writer.keep(letter.letter, number: number, on: link)
            result = .sent
        case .load(let load, let loaded):
            switch load.extent {
            case .last: askLast(load.stream, number)
            case .whole: askNext(load.stream, from: (loaded.commits.last?.position.rawValue ?? 0) + 1, number)
            case .after(let position): askNext(load.stream, from: (loaded.commits.last?.position ?? position).rawValue + 1, number)
            case .letter(let position): ask(at: loaded.command ?? position, in: loaded.command == nil ? .deadLetters : .commands, number)
            }
            result = .sent
        case .occupant(let append, let isLast):
            if isLast { askLast(append.commit.stream, number) } else { askNext(append.commit.stream, from: append.previous.rawValue + 1, number) }
            result = .sent
        case .consumer(let reader, _):
            if let body = consumerRequest(reader) {
                writer.ask(ConsumerRequest.subject(stream: ready.names.stream(group.log)), { $0.append(text: body) }, number: number, on: link)
            }
            result = .sent
        }
        if case .needsReference = result, case .letter(let letter) = request {
            _ = pending.remove(number)
            return send(reference(letter), partition, epoch, now)
        }
        guard case .refused(let reason) = result, let refused = pending.remove(number) else { return }
        switch refused.request {
        case .append(let append): early.append(SettleAnswer(token: append.token, result: .refused(reason: reason)))
        case .message(let message):
            lanes.finished(message.envelope.stream)
            early.append(SettleAnswer(token: message.token, result: .refused(reason: reason)))
        case .letter(let letter): early.append(SettleAnswer(token: letter.token, result: .refused(reason: reason)))
        case .load, .occupant, .consumer, .keep: break
        }
    }

    /// A letter with nothing but its place; what is to be done first so that the message stays where it is.
    func reference(_ letter: Outcome.Letter) -> Request {
        var reference = letter
        reference.letter.record = []
        reference.message = nil
        // Only commands are ever trimmed.
        return reference.letter.place.log == .commands ? .keep(reference) : .letter(reference)
    }

    private mutating func askLast(_ stream: StreamID, _ number: UInt64) {
        let names = ready.names
        let partition = Partitioner.partition(of: stream.aggregate, count: ready.partitionCount)
        writer.ask(
            eventsRead,
            {
                $0.append(static: "{\"last_by_subj\":\"")
                names.append(.events, partition: partition, stream: stream, to: &$0)
                $0.append(static: "\"}")
            }, number: number, on: link)
    }

    private mutating func ask(at position: Position, in log: Log, _ number: UInt64) {
        writer.ask(
            "$JS.API.STREAM.MSG.GET.\(ready.names.stream(log))",
            {
                $0.append(static: "{\"seq\":")
                $0.append(decimal: position.rawValue)
                $0.append(static: "}")
            }, number: number, on: link)
    }

    private mutating func askNext(_ stream: StreamID, from position: UInt64, _ number: UInt64) {
        let names = ready.names
        let partition = Partitioner.partition(of: stream.aggregate, count: ready.partitionCount)
        writer.ask(
            eventsRead,
            {
                $0.append(static: "{\"seq\":")
                $0.append(decimal: position)
                $0.append(static: ",\"next_by_subj\":\"")
                names.append(.events, partition: partition, stream: stream, to: &$0)
                $0.append(static: "\"}")
            }, number: number, on: link)
    }

    /// Sends again what was not answered in time, or was refused for now.
    private mutating func repeatRequest(_ number: UInt64, _ now: UInt64, into turn: inout Turn) {
        guard let unanswered = pending.remove(number) else { return }
        guard isHeld(unanswered.partition, unanswered.epoch) else {
            giveUp(unanswered.request)
            return
        }
        switch unanswered.request {
        case .consumer: return
        case .append, .letter, .keep, .message:
            if unanswered.attempts > 1 {
                tellStall(unanswered.partition, "no answer from JetStream after \(unanswered.attempts) attempts", now, into: &turn)
            }
        case .load, .occupant: break
        }
        send(unanswered.request, unanswered.partition, unanswered.epoch, now, attempts: unanswered.attempts)
    }

    mutating func tellStall(_ partition: Int, _ reason: String, _ now: UInt64, into turn: inout Turn) {
        guard now &- stallTold[partition] > 1_000_000_000 else { return }
        stallTold[partition] = now
        turn.notices.append(.stalled(partition: partition, reason: reason))
    }

    /// Not before a wait that grows with the attempts: the server says no for now.
    mutating func later(_ unanswered: Pending, _ reason: String, _ now: UInt64, into turn: inout Turn) {
        var unanswered = unanswered
        unanswered.due = now &+ min(UInt64(50_000_000) << UInt64(min(unanswered.attempts, 6)), 2_000_000_000)
        tellStall(unanswered.partition, reason, now, into: &turn)
        _ = pending.insert(unanswered)
    }
}
#endif

#if ServerEcosystem
internal import EventHorizon
internal import Synchronization
internal import Tracing

/// A member whose deliveries open spans. A command's span ends with the answer to the commit that decided it; every other with the progress that
/// covers it.
final class TracingMember: GroupMember {
    private let member: any GroupMember
    private let group: String
    private let tracing: MessageTracing
    private let open = Mutex(OpenSpans())

    init(_ member: any GroupMember, group: String, tracing: MessageTracing) {
        self.member = member
        self.group = group
        self.tracing = tracing
    }

    var id: String { member.id }
    var partitionCount: Int { member.partitionCount }
    var incarnation: UInt64 { member.incarnation }
    var eventsIncarnation: UInt64 { member.eventsIncarnation }
    var executor: (any TaskExecutor)? { member.executor }

    func next(_ turn: inout Turn, until deadline: Instant?) async {
        await member.next(&turn, until: deadline)
        open.withLock { open in
            for partition in turn.lost { open.abandon(partition) }
            for answer in turn.answers { open.answered(answer) }
            for index in turn.deliveries.indices { trace(&turn.deliveries[index], in: &open) }
        }
    }

    func submit(_ outcome: inout Outcome) {
        open.withLock { open in
            for append in outcome.appends { open.decide(append) }
            for (partition, position) in outcome.progress { open.settle(partition, upTo: position) }
            for partition in outcome.releases { open.abandon(partition) }
        }
        member.submit(&outcome)
    }

    /// Nothing more is settled by this member.
    func leave() { open.withLock { $0.abandonAll() } }

    private func trace(_ delivery: inout Delivery, in open: inout OpenSpans) {
        switch delivery.content {
        case .command(var envelope):
            let span = tracing.start("process", .consumer, &envelope)
            delivery.content = .command(envelope)
            label([span], delivery)
            open.add([span], of: envelope.id, at: delivery)
        case .commit(var commit):
            let spans = tracing.start("process", .consumer, &commit)
            delivery.content = .commit(commit)
            label(spans, delivery)
            open.add(spans, of: nil, at: delivery)
        case .undecodable, .skipped: break
        }
    }

    private func label(_ spans: [any Span], _ delivery: Delivery) {
        for span in spans where span.isRecording {
            span.attributes["messaging.consumer.group.name"] = group
            span.attributes["messaging.destination.partition.id"] = "\(delivery.partition)"
        }
    }
}

/// The spans of what was delivered and is not settled: as many at most as deliveries may be out.
struct OpenSpans {
    private struct Delivered {
        let position: Position
        /// Of a command; nil for a commit.
        let command: MessageID?
        let spans: [any Span]
    }
    /// In order of position, by partition.
    private var delivered: [Int: [Delivered]] = [:]
    /// The spans of commands that no answer has ended. The same command may be delivered twice; each delivery has its own.
    private var commands: [MessageID: [any Span]] = [:]
    /// Which commands an append decides, by its token.
    private var deciding: [Int: (partition: Int, commands: [MessageID])] = [:]

    mutating func add(_ spans: [any Span], of command: MessageID?, at delivery: Delivery) {
        guard !spans.isEmpty else { return }
        delivered[delivery.partition, default: []].append(Delivered(position: delivery.position, command: command, spans: spans))
        if let command { commands[command, default: []] += spans }
    }

    mutating func decide(_ append: Outcome.Append) { deciding[append.token] = (append.partition, append.commit.decided.map(\.id)) }

    mutating func answered(_ answer: SettleAnswer) {
        guard let decision = deciding.removeValue(forKey: answer.token) else { return }
        switch answer.result {
        case .stored, .duplicate: for command in decision.commands { end(command) }
        // Decided again.
        case .conflict, .refused: break
        }
    }

    mutating func settle(_ partition: Int, upTo position: Position) {
        guard var waiting = delivered[partition] else { return }
        let count = waiting.prefix { $0.position <= position }.count
        for settled in waiting[..<count] { end(settled) }
        waiting.removeFirst(count)
        delivered[partition] = waiting
    }

    mutating func abandon(_ partition: Int) {
        // What is out for a partition that is gone is answered no more.
        deciding = deciding.filter { $0.value.partition != partition }
        for left in delivered.removeValue(forKey: partition) ?? [] {
            let isOpen = left.command.map { commands[$0] != nil } ?? true
            if isOpen { for span in left.spans { span.setStatus(SpanStatus(code: .error, message: "left to another member before it was settled")) } }
            end(left)
        }
    }

    mutating func abandonAll() {
        for partition in Array(delivered.keys) { abandon(partition) }
        deciding.removeAll()
    }

    private mutating func end(_ delivered: Delivered) {
        if let command = delivered.command { end(command) } else { for span in delivered.spans { span.end() } }
    }

    private mutating func end(_ command: MessageID) {
        for span in commands.removeValue(forKey: command) ?? [] { span.end() }
    }
}
#endif

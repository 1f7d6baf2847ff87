#if NATS
import EventHorizon
import EventHorizonWire

/// Writes records as messages of a link, from buffers that are reused.
struct RecordWriter {
    enum Result: Equatable {
        /// libnats took it, or could not for now: an answer or its time limit decides.
        case sent
        /// It will never be stored.
        case refused(reason: String)
        /// A letter is too large with its record.
        case needsReference
    }
    let names: Names
    let partitionCount: Int
    let maximumPayload: Int
    let maximumRecord: Int
    let maximumPublish: Int
    /// Where the events stream is replicated, the server's memory of message ids stands beside the condition of an append: some versions check the
    /// condition before what is in flight is stored. With one replica it would only cost.
    private let isReplicated: Bool
    private let codec = WireCodec()
    private let replyPrefix: [UInt8]
    private let application: [UInt8]
    private var subject: [UInt8] = []
    private var reply: [UInt8] = []
    private var block: [UInt8] = []

    init(ready: Ready, inbox: String) {
        names = ready.names
        partitionCount = ready.partitionCount
        maximumPayload = ready.maximumPayload
        maximumRecord = ready.maximumRecordSize
        maximumPublish = max(1, ready.maximumRecordSize - 65_536)
        isReplicated = ready.isReplicated
        replyPrefix = Array((inbox + ".").utf8)
        application = Array(ready.names.application.utf8)
    }

    private mutating func begin(_ log: Log, _ stream: StreamID, _ number: UInt64) {
        subject.removeAll(keepingCapacity: true)
        names.append(log, partition: Partitioner.partition(of: stream.aggregate, count: partitionCount), stream: stream, to: &subject)
        setReply(number)
        HeaderBlock.begin(&block)
    }

    private mutating func setReply(_ number: UInt64) {
        reply.removeAll(keepingCapacity: true)
        reply.append(contentsOf: replyPrefix)
        reply.append(decimal: number)
        reply.append(0)
    }

    private mutating func checkSubject(_ stream: StreamID) -> String? {
        subject.count <= Names.longestSubject
            ? nil
            : "the id of '\(stream.category)/\(stream.aggregate.prefix(40))...' takes \(subject.count) bytes in a NATS subject, more than \(Names.longestSubject): "
                + "use a shorter aggregate id"
    }

    private mutating func publish(_ link: Link, headers: Int) {
        subject.append(0)
        link.publish(subject: subject, reply: reply, block: block, headers: headers)
    }

    /// A command. It bears no message id of the server's: what is stored twice because an acknowledgement was lost, its aggregate recognises by the
    /// command's own id, however late; the server's memory of ids would cost a tenth of its work a command.
    mutating func send(command: Envelope, number: UInt64, on link: Link) -> Result {
        begin(.commands, command.stream, number)
        if let reason = checkSubject(command.stream) { return .refused(reason: reason) }
        HeaderBlock.appendMirror(of: command, to: &block)
        HeaderBlock.end(&block)
        let headers = block.count
        do throws(WireError) {
            try codec.withChecked(command) { block.append(contentsOf: $0) }
        } catch { return .refused(reason: error.description) }
        let size = block.count - headers
        guard size <= maximumPublish, block.count <= maximumPayload else {
            return .refused(
                reason:
                    "the command '\(command.payload.name)' for '\(command.stream)' takes \(size) bytes, more than \(maximumPublish): send less, or raise the "
                    + "server's max_payload")
        }
        publish(link, headers: headers)
        return .sent
    }

    /// Whether a reader might refuse the commit. One of few events that follow from commands within the limits is within them too, and a check costs a
    /// tenth of all that its handler does.
    private static func mayExceedLimits(_ commit: Commit) -> Bool {
        commit.step != nil || commit.events.count > 256 || commit.decided.count > 256
            || commit.decided.contains { $0.outcome.isLettered }
    }

    mutating func send(append: Outcome.Append, number: UInt64, on link: Link) -> Result {
        begin(.events, append.commit.stream, number)
        if let reason = checkSubject(append.commit.stream) { return .refused(reason: reason) }
        if Self.mayExceedLimits(append.commit) {
            do { try codec.check(append.commit) } catch { return .refused(reason: error.description) }
        }
        HeaderBlock.line("Nats-Expected-Last-Subject-Sequence", &block) { $0.append(decimal: append.previous.rawValue) }
        if isReplicated {
            HeaderBlock.line("Nats-Msg-Id", &block) {
                // The tokens as the subject has them, which no dot is part of.
                let aggregate = subject.lastIndex(of: UInt8(ascii: "."))!
                let category = subject[..<aggregate].lastIndex(of: UInt8(ascii: "."))!
                $0.append(contentsOf: subject[(category + 1)..<aggregate])
                $0.append(UInt8(ascii: "/"))
                $0.append(contentsOf: subject[(aggregate + 1)...])
                $0.append(static: "/after/")
                $0.append(decimal: append.previous.rawValue)
            }
        }
        HeaderBlock.end(&block)
        let headers = block.count
        codec.withEncoded(append.commit) { block.append(contentsOf: $0) }
        let size = block.count - headers
        guard size <= maximumRecord, block.count <= maximumPayload else {
            return .refused(
                reason:
                    "commit \(append.commit.number) of '\(append.commit.stream)' takes \(size) bytes, more than \(maximumRecord): decide fewer events at once, "
                    + "or raise the server's max_payload")
        }
        publish(link, headers: headers)
        return .sent
    }

    mutating func send(_ item: Outcome.Letter, number: UInt64, on link: Link) -> Result {
        var letter = item.letter
        guard (0..<partitionCount).contains(letter.place.partition) else {
            return .refused(
                reason: "a dead letter is about partition \(letter.place.partition), and there are \(partitionCount): its place must name one of them"
            )
        }
        if let message = item.message { letter.record = codec.encode(message) }
        subject.removeAll(keepingCapacity: true)
        subject.append(contentsOf: application)
        subject.append(static: ".dead.")
        subject.append(decimal: UInt64(letter.place.partition))
        subject.append(UInt8(ascii: "."))
        let before = subject.count
        if let stream = letter.stream {
            SubjectToken.append(stream.category.description, to: &subject)
            subject.append(UInt8(ascii: "."))
            SubjectToken.append(stream.aggregate, to: &subject)
        }
        if letter.stream == nil || subject.count > Names.longestSubject {
            subject.removeSubrange(before...)
            subject.append(static: "_unknown._")
        }
        setReply(number)
        HeaderBlock.begin(&block)
        if HeaderBlock.isHeaderSafe(letter.type) { HeaderBlock.line("Eh-Type", &block) { $0.append(text: letter.type) } }
        HeaderBlock.line("Nats-Msg-Id", &block) {
            $0.append(text: Names.token(letter.place.log))
            $0.append(UInt8(ascii: "/"))
            $0.append(decimal: letter.place.incarnation)
            $0.append(UInt8(ascii: "/"))
            $0.append(decimal: letter.place.position.rawValue)
            $0.append(UInt8(ascii: "/"))
            // A commit holds several events, each of which may fail.
            $0.append(decimal: UInt64(letter.place.index))
            $0.append(UInt8(ascii: "/"))
            SubjectToken.append(letter.group, to: &$0)
        }
        HeaderBlock.end(&block)
        let headers = block.count
        codec.withEncoded(letter) { block.append(contentsOf: $0) }
        if block.count - headers > maximumRecord, !letter.record.isEmpty { return .needsReference }
        guard block.count <= maximumPayload else {
            return .refused(
                reason: "a dead letter takes \(block.count) bytes without its record, more than \(maximumPayload): raise the server's max_payload")
        }
        publish(link, headers: headers)
        return .sent
    }

    /// Marks the place of a letter that will hold only a reference, so that its message is not trimmed. The first mark stays: nothing after it is trimmed either.
    mutating func keep(_ letter: DeadLetter, number: UInt64, on link: Link) {
        subject.removeAll(keepingCapacity: true)
        subject.append(text: names.keptKey(group: letter.group, partition: letter.place.partition))
        setReply(number)
        HeaderBlock.begin(&block)
        HeaderBlock.line("Nats-Expected-Last-Subject-Sequence", &block) { $0.append(decimal: 0) }
        HeaderBlock.end(&block)
        let headers = block.count
        block.append(decimal: letter.place.position.rawValue)
        publish(link, headers: headers)
    }

    /// Fire and forget; what names no inbox is dropped, because whoever sent the command chose it.
    mutating func send(answer: Answer, to address: String, on link: Link) {
        guard isReplyAddress(address) else { return }
        subject.removeAll(keepingCapacity: true)
        subject.append(text: address)
        block.removeAll(keepingCapacity: true)
        codec.withEncoded(answer) { block.append(contentsOf: $0) }
        guard block.count <= maximumPayload else { return }
        reply.removeAll(keepingCapacity: true)
        reply.append(0)
        publish(link, headers: 0)
    }

    /// A plain subject that is neither the server's nor one of this application's own.
    func isReplyAddress(_ address: String) -> Bool {
        var previous = UInt8(ascii: ".")
        for byte in address.utf8 {
            guard byte > 32, byte < 127, byte != UInt8(ascii: "*"), byte != UInt8(ascii: ">"), byte != UInt8(ascii: ".") || previous != byte else {
                return false
            }
            previous = byte
        }
        return previous != UInt8(ascii: ".") && address.utf8.count <= 512 && address.utf8.first != UInt8(ascii: "$")
            && !address.utf8.starts(with: application + [UInt8(ascii: ".")])
    }

    /// A request to JetStream's API.
    mutating func ask(_ api: String, _ body: (inout [UInt8]) -> Void, number: UInt64, on link: Link) {
        subject.removeAll(keepingCapacity: true)
        subject.append(text: api)
        setReply(number)
        block.removeAll(keepingCapacity: true)
        body(&block)
        publish(link, headers: 0)
    }
}
#endif

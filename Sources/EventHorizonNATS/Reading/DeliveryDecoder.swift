#if NATS
import CNATS
import EventHorizon
import EventHorizonWire
import Glibc

/// Makes deliveries of messages: decides by the subject alone what the group did not ask for, decodes the rest in place, and checks that subject,
/// headers and body agree.
struct DeliveryDecoder {
    private let group: GroupDeclaration
    private let codec: WireCodec
    /// `<app>.<log>.`
    private let prefixCount: Int
    /// The asked categories with their tokens, the last one met first.
    private var categories: [(token: [UInt8], category: Category)]
    private var mirror: [UInt8] = []
    private var tail: [UInt8] = []

    init(group: GroupDeclaration, names: Names, codec: WireCodec) {
        self.group = group
        self.codec = codec
        prefixCount = names.application.utf8.count + 1 + Names.token(group.log).utf8.count + 1
        categories = group.categories.map { (Array(SubjectToken.escaped($0.description).utf8), $0) }
    }

    /// The partition that the subject names; nil where it names none.
    func partition(of arrival: Arrival) -> Int? { Names.partition(ofSubject: arrival.subject, behind: prefixCount) }

    /// Nil where the group did not ask for the record.
    mutating func decode(_ arrival: Arrival) -> Delivery.Content? {
        let subject = UnsafeRawBufferPointer(start: arrival.subject, count: strlen(arrival.subject))
        var category = prefixCount
        while category < subject.count, subject[category] != UInt8(ascii: ".") { category += 1 }
        // A subject may end here: whoever may write into the stream may leave out what comes next.
        category = min(category + 1, subject.count)
        var end = category
        while end < subject.count, subject[end] != UInt8(ascii: ".") { end += 1 }
        let isAsked = end < subject.count && isAsked(UnsafeRawBufferPointer(rebasing: subject[category..<end]))
        switch group.log {
        case .commands: return isAsked ? command(arrival, tail: subject[category...]) : nil
        case .events: return isAsked || !group.senders.isEmpty ? commit(arrival, tail: subject[category...], isAsked: isAsked) : nil
        case .deadLetters: return nil
        }
    }

    private mutating func isAsked(_ token: UnsafeRawBufferPointer) -> Bool {
        for index in categories.indices where categories[index].token.count == token.count {
            if categories[index].token.withUnsafeBytes({ memcmp($0.baseAddress!, token.baseAddress!, token.count) }) == 0 {
                if index > 0 { categories.swapAt(0, index) }
                return true
            }
        }
        return false
    }

    private mutating func command(_ arrival: Arrival, tail subject: Slice<UnsafeRawBufferPointer>) -> Delivery.Content {
        let body = arrival.body
        let envelope: Envelope
        do {
            envelope = try codec.decodeEnvelope(body)
        } catch {
            return undecodable(arrival, stream: nil, reason: error.description)
        }
        guard agrees(envelope.stream, with: subject) else {
            return undecodable(
                arrival, stream: nil,
                reason: "its body says that it is for '\(envelope.stream)', its subject is '\(String(cString: arrival.subject))'")
        }
        guard envelope.kind == .command else {
            return undecodable(arrival, stream: envelope.stream, reason: "it is an event, in the log of commands")
        }
        if let reason = disagreement(arrival, with: envelope) { return undecodable(arrival, stream: nil, reason: reason) }
        return .command(envelope)
    }

    private mutating func commit(_ arrival: Arrival, tail subject: Slice<UnsafeRawBufferPointer>, isAsked: Bool) -> Delivery.Content? {
        let commit: Commit
        do {
            commit = try codec.decodeCommit(arrival.body)
        } catch {
            return isAsked ? undecodable(arrival, stream: nil, reason: error.description) : nil
        }
        if !isAsked {
            guard commit.decided.contains(where: { $0.sender.map { group.senders.contains($0.category) } ?? false }) else { return nil }
        }
        guard agrees(commit.stream, with: subject) else {
            return undecodable(
                arrival, stream: nil, reason: "its body says that it is of '\(commit.stream)', its subject is '\(String(cString: arrival.subject))'")
        }
        return .commit(commit)
    }

    private mutating func agrees(_ stream: StreamID, with subject: Slice<UnsafeRawBufferPointer>) -> Bool {
        tail.removeAll(keepingCapacity: true)
        SubjectToken.append(stream.category.description, to: &tail)
        tail.append(UInt8(ascii: "."))
        SubjectToken.append(stream.aggregate, to: &tail)
        return tail.elementsEqual(subject)
    }

    private mutating func disagreement(_ arrival: Arrival, with envelope: Envelope) -> String? {
        if let block = rawHeaders(arrival) {
            // Ours are these very bytes.
            HeaderBlock.begin(&mirror)
            HeaderBlock.appendMirror(of: envelope, to: &mirror)
            if block.count >= mirror.count, mirror.withUnsafeBytes({ memcmp($0.baseAddress!, block.baseAddress!, $0.count) }) == 0 { return nil }
        }
        return MessageHeaders.disagreement(with: envelope) { arrival.header($0) }
    }

    /// The headers as they came, which lie between reply and data; nil where that is not known, or there are none.
    private func rawHeaders(_ arrival: Arrival) -> UnsafeRawBufferPointer? {
        guard Library.hasKnownLayout, let reply = natsMsg_GetReply(arrival.message), let data = natsMsg_GetData(arrival.message) else { return nil }
        let start = reply + strlen(reply) + 1
        let count = data - start - 1
        return count > 0 ? UnsafeRawBufferPointer(start: start, count: count) : nil
    }

    private func undecodable(_ arrival: Arrival, stream: StreamID?, reason: String) -> Delivery.Content {
        .undecodable(record: [UInt8](arrival.body), stream: stream, type: arrival.header(MessageHeaders.type) ?? "", reason: reason)
    }
}
#endif

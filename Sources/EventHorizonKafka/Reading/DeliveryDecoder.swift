#if Kafka
import EventHorizon
import EventHorizonWire
import Glibc

/// Makes deliveries of messages: decides by the category's header alone what the group did not ask for, decodes the rest in place, and checks that key,
/// headers and body agree.
struct DeliveryDecoder {
    private let group: GroupDeclaration
    private let codec: WireCodec
    /// The asked categories with their bytes, the last one met first.
    private var categories: [(name: [UInt8], category: Category)]

    init(group: GroupDeclaration, codec: WireCodec) {
        self.group = group
        self.codec = codec
        categories = group.categories.map { (Array($0.description.utf8), $0) }
    }

    /// Nil where the group did not ask for the record.
    mutating func decode(_ message: some FoundRecord) -> Delivery.Content? {
        // Without the header the body says whose it is.
        var isAsked: Bool?
        if let category = message.header(MessageHeaders.category) { isAsked = asksFor(category) }
        switch group.log {
        case .commands: return isAsked == false ? nil : command(message)
        case .events: return isAsked == false && group.senders.isEmpty ? nil : commit(message, isAsked: isAsked)
        case .deadLetters: return nil
        }
    }

    private mutating func asksFor(_ name: UnsafeRawBufferPointer) -> Bool {
        for index in categories.indices where categories[index].name.count == name.count {
            if name.isEmpty || categories[index].name.withUnsafeBytes({ memcmp($0.baseAddress!, name.baseAddress!, name.count) }) == 0 {
                if index > 0 { categories.swapAt(0, index) }
                return true
            }
        }
        return false
    }

    private func command(_ message: some FoundRecord) -> Delivery.Content? {
        let envelope: Envelope
        do {
            envelope = try codec.decodeEnvelope(message.body)
        } catch {
            return undecodable(message, stream: nil, reason: error.description)
        }
        if let reason = disagreement(message, with: envelope.stream) { return undecodable(message, stream: nil, reason: reason) }
        guard group.categories.contains(envelope.stream.category) else { return nil }
        guard envelope.kind == .command else {
            return undecodable(message, stream: envelope.stream, reason: "it is an event, in the log of commands")
        }
        var reason: String?
        message.forEachHeader { name, value in
            reason = MessageHeaders.disagreement(with: envelope, name: name, value: value)
            return reason == nil
        }
        if let reason { return undecodable(message, stream: nil, reason: reason) }
        return .command(envelope)
    }

    private func commit(_ message: some FoundRecord, isAsked: Bool?) -> Delivery.Content? {
        let commit: Commit
        do {
            commit = try codec.decodeCommit(message.body)
        } catch {
            return isAsked == false ? nil : undecodable(message, stream: nil, reason: error.description)
        }
        if !group.categories.contains(commit.stream.category) {
            guard commit.decided.contains(where: { $0.sender.map { group.senders.contains($0.category) } ?? false }) else {
                // A header that names a category which was asked for contradicts the body.
                guard isAsked == true, let reason = disagreement(message, with: commit.stream) else { return nil }
                return undecodable(message, stream: nil, reason: reason)
            }
        }
        if let reason = disagreement(message, with: commit.stream) { return undecodable(message, stream: nil, reason: reason) }
        return .commit(commit)
    }

    private func disagreement(_ message: some FoundRecord, with stream: StreamID) -> String? {
        var aggregate = stream.aggregate
        let key = message.key
        guard aggregate.withUTF8({ $0.elementsEqual(key) }) else {
            return "its body says that it is of '\(stream)', its key is '\(String(decoding: key.prefix(256), as: UTF8.self))'"
        }
        var category = stream.category.description
        guard let header = message.header(MessageHeaders.category), !category.withUTF8({ $0.elementsEqual(header) }) else { return nil }
        return
            "its body says that it is of '\(stream)', its header \(MessageHeaders.category) is '\(String(decoding: header.prefix(256), as: UTF8.self))'"
    }

    private func undecodable(_ message: some FoundRecord, stream: StreamID?, reason: String) -> Delivery.Content {
        .undecodable(
            record: [UInt8](message.body), stream: stream,
            type: message.header(MessageHeaders.type).map { String(decoding: $0, as: UTF8.self) } ?? "", reason: reason)
    }
}
#endif

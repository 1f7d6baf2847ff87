#if Kafka
/// Where an answer goes: a partition of the replies, and the key that whoever asked looks for there.
struct ReplyAddress: Sendable, Equatable {
    var partition: Int
    var key: String

    init(partition: Int, key: String) {
        self.partition = partition
        self.key = key
    }

    /// Nil for what names no place: whoever sent a command chose it.
    init?(_ text: String, partitionCount: Int) {
        guard let slash = text.firstIndex(of: "/"), let partition = Int(text[..<slash]), (0..<partitionCount).contains(partition) else { return nil }
        let key = text[text.index(after: slash)...]
        guard !key.isEmpty, key.utf8.count <= 512 else { return nil }
        self.init(partition: partition, key: String(key))
    }

    var description: String { "\(partition)/\(key)" }
}
#endif

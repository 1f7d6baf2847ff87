import EventHorizon
import EventHorizonRuntime
import EventHorizonWorkers

extension FiledLetter {
    /// One line. The names are API: the README lists them.
    var json: String {
        var object = JSONLine()
        object.add("letter", id.description)
        object.add("state", state.rawValue)
        object.add("group", letter?.group)
        object.add("stream", letter?.stream?.description)
        object.add("category", letter?.stream?.category.description)
        object.add("aggregate", letter?.stream?.aggregate)
        object.add("type", letter?.type)
        object.add("reason", reason)
        object.add("attempts", letter?.attempts)
        object.add("firstFailedAt", letter?.firstFailedAt.rfc3339)
        object.add("lastFailedAt", letter?.lastFailedAt.rfc3339)
        object.add("worker", letter?.worker)
        object.add("place", letter?.place.written)
        object.add("command", command?.description)
        object.add("message", message?.json)
        return object.text
    }
}

extension Place {
    /// `commands/3/12`; the second event of a commit is `events/3/12/1`.
    var written: String {
        let name =
            switch log {
            case .commands: "commands"
            case .events: "events"
            case .deadLetters: "deadletters"
            }
        return "\(name)/\(partition)/\(position)" + (index > 0 ? "/\(index)" : "")
    }
}

extension Envelope {
    fileprivate var json: JSONLine {
        var object = JSONLine()
        object.add("id", id.description)
        object.add("kind", kind == .command ? "command" : "event")
        object.add("correlation", correlation.description)
        object.add("causation", causation?.description)
        object.add("occurredAt", occurredAt.rfc3339)
        object.add("sender", sender?.description)
        object.add("tenant", tenant)
        object.add("principal", principal)
        object.add("type", payload.name)
        object.add("schema", payload.schema)
        object.add("contentType", payload.contentType)
        object.add("payload", payload.text)
        object.add("payloadHex", payload.text == nil ? payload.hex : nil)
        var metadata = JSONLine()
        for (name, value) in self.metadata.sorted(by: { $0.key < $1.key }) { metadata.add(name, value) }
        object.add("metadata", metadata)
        return object
    }
}

extension Payload {
    /// The bytes as text; nil where they are none.
    var text: String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let isPlain = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control || $0 == "\n" || $0 == "\r" || $0 == "\t" }
        return isPlain ? text : nil
    }

    var hex: String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

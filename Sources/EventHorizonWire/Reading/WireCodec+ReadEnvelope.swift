internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

extension WireCodec {
    /// In a commit, `commit` is its stream.
    func envelope(_ message: UnsafeMutablePointer<Eventhorizon__V1__Envelope>, in commit: StreamID? = nil) throws(WireError) -> Envelope {
        let stream: StreamID
        if let commit, message.pointee.category.len == 0, message.pointee.aggregate_id.len == 0 {
            stream = commit
        } else {
            stream = try self.stream(category: message.pointee.category, aggregate: message.pointee.aggregate_id, "category", "aggregate_id")
            if let commit, stream != commit {
                throw WireError(field: "stream", value: "\(stream)", limit: "an event is its commit's, and that is of '\(commit)'")
            }
        }
        let kind: Envelope.Kind
        switch message.pointee.kind {
        case EVENTHORIZON__V1__ENVELOPE__KIND__KIND_COMMAND where commit == nil: kind = .command
        case EVENTHORIZON__V1__ENVELOPE__KIND__KIND_EVENT: kind = .event
        case EVENTHORIZON__V1__ENVELOPE__KIND__KIND_UNSPECIFIED where commit != nil: kind = .event
        default:
            throw WireError(
                field: "kind", value: "\(message.pointee.kind.rawValue)",
                limit: commit == nil ? "this build knows 1, a command, and 2, an event" : "a commit holds events")
        }
        // One call with everything: an envelope is large, and changing it afterwards would copy it.
        return Envelope(
            id: try id(message.pointee.id, "id"), kind: kind, stream: stream,
            payload: try payload(
                type: message.pointee.type, schema: message.pointee.schema_version, contentType: message.pointee.content_type,
                payload: message.pointee.payload),
            expectedVersion: message.pointee.expected_version_presence_case == EVENTHORIZON__V1__ENVELOPE__EXPECTED_VERSION_PRESENCE_EXPECTED_VERSION
                ? try count(message.pointee.expected_version, "expected_version") : nil,
            correlation: try id(message.pointee.correlation_id, "correlation_id"),
            causation: message.pointee.causation_id.len == 0 ? nil : try id(message.pointee.causation_id, "causation_id"),
            occurredAt: Timestamp(nanoseconds: message.pointee.occurred_at),
            trace: message.pointee.traceparent.len == 0 && message.pointee.tracestate.len == 0
                ? nil
                : TraceContext(
                    traceparent: try freeText(message.pointee.traceparent, "traceparent"),
                    tracestate: try freeText(message.pointee.tracestate, "tracestate")),
            sender: try sender(message.pointee.sender),
            origin: try message.pointee.origin.map { origin throws(WireError) in
                try inside("origin") { () throws(WireError) in try self.origin(origin.pointee) }
            },
            tenant: try identity(message.pointee.tenant, "tenant"),
            principal: try identity(message.pointee.principal, "principal"), replyTo: try identity(message.pointee.reply_to, "reply_to"),
            expiry: message.pointee.expiry_presence_case == EVENTHORIZON__V1__ENVELOPE__EXPIRY_PRESENCE_EXPIRY
                ? Timestamp(nanoseconds: message.pointee.expiry) : nil,
            metadata: message.pointee.n_metadata == 0 ? [:] : try metadata(message))
    }

    func sender(_ message: UnsafeMutablePointer<Eventhorizon__V1__StreamId>?) throws(WireError) -> StreamID? {
        guard let message else { return nil }
        return try inside("sender") { () throws(WireError) in try stream(message.pointee) }
    }

    private func metadata(_ message: UnsafeMutablePointer<Eventhorizon__V1__Envelope>) throws(WireError) -> [String: String] {
        let entries = try values(message.pointee.metadata, message.pointee.n_metadata, "metadata", atMost: limits.metadataEntries, "metadataEntries")
        {
            entry throws(WireError) in
            (try text(entry.pointee.key, "key", atMost: limits.name, "name"), try freeText(entry.pointee.value, "value"))
        }
        // As protobuf has it for maps: of several entries with one key, the last counts.
        return Dictionary(entries) { $1 }
    }

    private func origin(_ message: Eventhorizon__V1__Origin) throws(WireError) -> Origin {
        guard let kind = UInt8(exactly: message.kind.rawValue).flatMap(Origin.Kind.init(rawValue:)) else {
            throw WireError(field: "kind", value: "\(message.kind.rawValue)", limit: "this build knows 1 to 4: deploy readers before writers")
        }
        var origin = Origin(
            kind: kind, stream: try stream(category: message.category, aggregate: message.aggregate_id, "category", "aggregate_id"),
            place: try place(message.place, "place"), version: try count(message.version, "version"), time: Timestamp(nanoseconds: message.occurred_at))
        if let command = message.command {
            origin.command = try inside("command") { () throws(WireError) in try payload(command.pointee) }
        }
        return origin
    }
}

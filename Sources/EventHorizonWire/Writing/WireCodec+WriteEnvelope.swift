internal import CEventHorizonWire
internal import CProtobufC
internal import EventHorizon

extension WireCodec {
    /// In a commit, `commit` is its stream: what the commit says already is left out. What contradicts it stays in, for readers to refuse.
    func message(_ envelope: Envelope, in commit: StreamID? = nil) -> UnsafeMutablePointer<Eventhorizon__V1__Envelope> {
        let message = arena.make(eventhorizon__v1__envelope__init)
        message.pointee.id = field(envelope.id)
        message.pointee.type = field(envelope.payload.name)
        message.pointee.schema_version = field(small: envelope.payload.schema)
        message.pointee.content_type = field(envelope.payload.contentType)
        message.pointee.payload = field(envelope.payload.bytes)
        message.pointee.correlation_id = field(envelope.correlation)
        if let causation = envelope.causation { message.pointee.causation_id = field(causation) }
        message.pointee.occurred_at = envelope.occurredAt.nanoseconds
        if commit == nil || envelope.kind != .event { message.pointee.kind = Eventhorizon__V1__Envelope__Kind(UInt32(envelope.kind.rawValue)) }
        if commit == nil || envelope.stream != commit {
            message.pointee.category = field(envelope.stream.category.description)
            message.pointee.aggregate_id = field(envelope.stream.aggregate)
        }
        if let version = envelope.expectedVersion {
            message.pointee.expected_version_presence_case = EVENTHORIZON__V1__ENVELOPE__EXPECTED_VERSION_PRESENCE_EXPECTED_VERSION
            message.pointee.expected_version = field(version)
        }
        if let trace = envelope.trace {
            message.pointee.traceparent = field(trace.traceparent)
            message.pointee.tracestate = field(trace.tracestate)
        }
        if let sender = envelope.sender { message.pointee.sender = self.message(sender) }
        if let origin = envelope.origin { message.pointee.origin = self.message(origin) }
        message.pointee.tenant = field(envelope.tenant)
        message.pointee.principal = field(envelope.principal)
        message.pointee.reply_to = field(envelope.replyTo)
        if let expiry = envelope.expiry {
            message.pointee.expiry_presence_case = EVENTHORIZON__V1__ENVELOPE__EXPIRY_PRESENCE_EXPIRY
            message.pointee.expiry = expiry.nanoseconds
        }
        if !envelope.metadata.isEmpty {
            // Sorted: a record's bytes do not depend on the process that writes them.
            let entries = envelope.metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            message.pointee.metadata = list(entries, &message.pointee.n_metadata) { key, value in
                let entry = arena.make(eventhorizon__v1__envelope__metadata_entry__init)
                entry.pointee.key = field(key)
                entry.pointee.value = field(value)
                return entry
            }
        }
        return message
    }

    private func message(_ origin: Origin) -> UnsafeMutablePointer<Eventhorizon__V1__Origin> {
        let message = arena.make(eventhorizon__v1__origin__init)
        message.pointee.kind = Eventhorizon__V1__Origin__Kind(UInt32(origin.kind.rawValue))
        message.pointee.category = field(origin.stream.category.description)
        message.pointee.aggregate_id = field(origin.stream.aggregate)
        message.pointee.place = self.message(origin.place)
        message.pointee.version = field(origin.version)
        message.pointee.occurred_at = origin.time.nanoseconds
        if let command = origin.command { message.pointee.command = self.message(command) }
        return message
    }
}

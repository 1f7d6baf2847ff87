public import EventHorizon

/// The headers beside a record: what routing and filtering need, so that nobody decodes a body to decide that it is not theirs. The body is the
/// truth; a header that disagrees makes the message a dead letter. Names are compared as they are written here.
public enum MessageHeaders {
    /// The message's id, `3f2504e0-4f89-41d3-9a0c-0305e82c3301`.
    public static let id = "Eh-Id"
    /// `command` or `event`.
    public static let kind = "Eh-Kind"
    /// The durable name of the payload's type.
    public static let type = "Eh-Type"
    /// The payload's schema version, in decimal.
    public static let schema = "Eh-Schema"
    /// The id of the command that all this follows from.
    public static let correlation = "Eh-Correlation"
    /// The id of the message that this one follows from; left out where there is none.
    public static let causation = "Eh-Causation"
    /// W3C trace context, for tools that know no body of ours. Never compared: what instruments a client or a proxy may write them anew.
    public static let traceparent = "traceparent"
    public static let tracestate = "tracestate"

    /// The value of `kind` for an envelope of that kind.
    public static func value(of kind: Envelope.Kind) -> String {
        switch kind {
        case .command: "command"
        case .event: "event"
        }
    }

    /// Why the headers contradict the envelope that their body gave, for a dead letter; nil where they do not. A header that is absent is fine.
    /// - Parameter header: The value of the header with that name; nil where it is absent.
    public static func disagreement(with envelope: Envelope, header: (String) -> String?) -> String? {
        for name in [id, kind, type, schema, correlation, causation] {
            if let value = header(name), let reason = disagreement(with: envelope, name: name, value: value) { return reason }
        }
        return nil
    }

    /// Why one header contradicts the envelope that its body gave; nil where it does not, or where the name is none of ours.
    public static func disagreement(with envelope: Envelope, name: String, value: String) -> String? {
        let agrees: Bool
        let said: String
        switch name {
        case id: (agrees, said) = (MessageID(value) == envelope.id, envelope.id.description)
        case kind: (agrees, said) = (value == Self.value(of: envelope.kind), Self.value(of: envelope.kind))
        case type: (agrees, said) = (value == envelope.payload.name, envelope.payload.name)
        case schema: (agrees, said) = (Int(value) == envelope.payload.schema, String(envelope.payload.schema))
        case correlation: (agrees, said) = (MessageID(value) == envelope.correlation, envelope.correlation.description)
        case causation: (agrees, said) = (envelope.causation != nil && MessageID(value) == envelope.causation, envelope.causation?.description ?? "nothing")
        default: return nil
        }
        return agrees ? nil : "the header \(name) says '\(value)', the body '\(said)': let the publisher write both from one value, or leave the header out"
    }
}

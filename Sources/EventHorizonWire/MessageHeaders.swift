public import EventHorizon

/// The headers beside a record: what routing and filtering need, so that nobody decodes a body to decide that it is not theirs. The body is the
/// truth; a header that disagrees makes the message a dead letter. Names are compared as they are written here.
public enum MessageHeaders {
    /// The message's id, `3f2504e0-4f89-41d3-9a0c-0305e82c3301`.
    public static let id = "Eh-Id"
    /// The category of the message's stream, where nothing else beside the body names it.
    public static let category = "Eh-Category"
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
    /// - Parameters:
    ///   - envelope: What the body gave.
    ///   - header: The value of the header with that name; nil where it is absent.
    public static func disagreement(with envelope: Envelope, header: (String) -> String?) -> String? {
        for name in [id, category, kind, type, schema, correlation, causation] {
            if let value = header(name), let reason = disagreement(with: envelope, name: name, value: value) { return reason }
        }
        return nil
    }

    /// Why one header contradicts the envelope that its body gave; nil where it does not, or where the name is none of ours.
    public static func disagreement(with envelope: Envelope, name: String, value: String) -> String? {
        var (name, value) = (name, value)
        return name.withUTF8 { name in
            value.withUTF8 { disagreement(with: envelope, name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer($0)) }
        }
    }

    /// The same for bytes as a broker has them; allocates nothing where they agree.
    public static func disagreement(with envelope: Envelope, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> String? {
        if name == id {
            return value == envelope.id ? nil : contradiction(id, value, envelope.id.description)
        } else if name == category {
            let category = envelope.stream.category.description
            return value == category ? nil : contradiction(Self.category, value, category)
        } else if name == kind {
            let kind = Self.value(of: envelope.kind)
            return value == kind ? nil : contradiction(Self.kind, value, kind)
        } else if name == type {
            return value == envelope.payload.name ? nil : contradiction(type, value, envelope.payload.name)
        } else if name == schema {
            return Int(String(decoding: value, as: UTF8.self)) == envelope.payload.schema
                ? nil : contradiction(schema, value, String(envelope.payload.schema))
        } else if name == correlation {
            return value == envelope.correlation ? nil : contradiction(correlation, value, envelope.correlation.description)
        } else if name == causation {
            if let cause = envelope.causation, value == cause { return nil }
            return contradiction(causation, value, envelope.causation?.description ?? "nothing")
        }
        return nil
    }

    private static func contradiction(_ name: String, _ value: UnsafeRawBufferPointer, _ said: String) -> String {
        "the header \(name) says '\(String(decoding: value.prefix(256), as: UTF8.self))', the body '\(said)': "
            + "let the publisher write both from one value, or leave the header out"
    }
}

extension UnsafeRawBufferPointer {
    fileprivate static func == (bytes: Self, text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { bytes.elementsEqual($0) } ?? bytes.elementsEqual(text.utf8)
    }

    /// Whether these are the id's 36 characters, in either case.
    fileprivate static func == (bytes: Self, id: MessageID) -> Bool {
        guard bytes.count == 36 else { return false }
        var digits: UInt64 = 0
        for (index, character) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                if character != UInt8(ascii: "-") { return false }
                continue
            }
            let nibble = UInt8(truncatingIfNeeded: (digits < 16 ? id.high : id.low) >> (60 - digits % 16 * 4)) & 15
            let digit = nibble < 10 ? 48 + nibble : 87 + nibble
            if character != digit && (nibble < 10 || character != digit - 32) { return false }
            digits += 1
        }
        return true
    }
}

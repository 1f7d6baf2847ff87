#if NATS
import EventHorizon
import EventHorizonWire

/// Headers as they travel: `NATS/1.0`, a line each, an empty line.
package enum HeaderBlock {
    static func begin(_ block: inout [UInt8]) {
        block.removeAll(keepingCapacity: true)
        block.append(static: "NATS/1.0\r\n")
    }

    static func end(_ block: inout [UInt8]) { block.append(static: "\r\n") }

    @inline(__always)
    static func line(_ name: StaticString, _ block: inout [UInt8], _ value: (inout [UInt8]) -> Void) {
        block.append(static: name)
        block.append(static: ": ")
        value(&block)
        block.append(static: "\r\n")
    }

    /// What routing and filtering need of a command, always the same lines in the same order, so that a reader can compare them as bytes.
    static func appendMirror(of envelope: Envelope, to block: inout [UInt8]) {
        line("Eh-Id", &block) { append(envelope.id, to: &$0) }
        line("Eh-Kind", &block) { $0.append(static: envelope.kind == .command ? "command" : "event") }
        if isHeaderSafe(envelope.payload.name) { line("Eh-Type", &block) { $0.append(text: envelope.payload.name) } }
        line("Eh-Schema", &block) { $0.append(decimal: UInt64(max(0, envelope.payload.schema))) }
        line("Eh-Correlation", &block) { append(envelope.correlation, to: &$0) }
        if let causation = envelope.causation { line("Eh-Causation", &block) { append(causation, to: &$0) } }
        if let trace = envelope.trace {
            if !trace.traceparent.isEmpty, isHeaderSafe(trace.traceparent) { line("traceparent", &block) { $0.append(text: trace.traceparent) } }
            if !trace.tracestate.isEmpty, isHeaderSafe(trace.tracestate) { line("tracestate", &block) { $0.append(text: trace.tracestate) } }
        }
    }

    /// A value that would break the line, or that a reader would trim, is left out: the body has it.
    static func isHeaderSafe(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 > 32 && $0 != 127 } && !value.isEmpty
    }

    static func append(_ id: MessageID, to block: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
            id.write(into: text)
            block.append(contentsOf: text)
        }
    }

    /// Names and values of a block.
    package static func lines(of block: UnsafeRawBufferPointer) -> [(String, String)] {
        var lines: [(String, String)] = []
        for line in block.split(separator: UInt8(ascii: "\n")).dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            var value = line[line.index(after: colon)...]
            while let first = value.first, first == 32 || first == 9 { value = value.dropFirst() }
            while let last = value.last, last == 32 || last == 13 || last == 9 { value = value.dropLast() }
            lines.append((String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return lines
    }
}
#endif

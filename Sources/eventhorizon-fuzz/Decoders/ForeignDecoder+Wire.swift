import EventHorizon
import EventHorizonWire

extension ForeignDecoder {
    /// Records of the wire. Their samples are the golden records whose files begin with their name.
    static func wire() -> [ForeignDecoder] {
        // One for all inputs, as in a worker: what it keeps from record to record is a part of what is tried.
        let codec = WireCodec()
        return [
            record("envelope") { bytes throws(WireError) in try codec.decodeEnvelope(bytes) } write: { codec.encode($0) } check: {
                value throws(WireError) in try codec.check(value)
            },
            record("commit") { bytes throws(WireError) in try codec.decodeCommit(bytes) } write: { codec.encode($0) } check: {
                value throws(WireError) in try codec.check(value)
            },
            record("dead-letter") { bytes throws(WireError) in try codec.decodeDeadLetter(bytes) } write: { codec.encode($0) } check: {
                value throws(WireError) in try codec.check(value)
            },
            record("answer") { bytes throws(WireError) in try codec.decodeAnswer(bytes) } write: { codec.encode($0) },
            record("topology") { bytes throws(WireError) in try codec.decodeTopology(bytes) } write: { codec.encode($0) },
            record("ownership") { bytes throws(WireError) in try codec.decodeOwnership(bytes) } write: { codec.encode($0) },
            record("checkpoint") { bytes throws(WireError) in try codec.decodeCheckpoint(bytes) } write: { codec.encode($0) },
        ]
    }

    private static func record<Record: Equatable>(
        _ name: StaticString, _ read: @escaping (UnsafeRawBufferPointer) throws(WireError) -> Record, write: @escaping (Record) -> [UInt8],
        check: @escaping (Record) throws(WireError) -> Void = { _ throws(WireError) in }
    ) -> ForeignDecoder {
        ForeignDecoder(name) { bytes in
            let record: Record
            do throws(WireError) { record = try read(bytes) } catch {
                return error.field.isEmpty || error.limit.isEmpty ? .broken("refused without a word") : .refused
            }
            do {
                try check(record)
                let written = write(record)
                let again = try written.withUnsafeBytes { bytes throws(WireError) in try read(bytes) }
                guard again == record else { return .broken("read again it is another record") }
                return write(again) == written ? .accepted : .broken("the same record is written as other bytes")
            } catch {
                return .broken("what was read cannot be read again: \(error)")
            }
        }
    }

    /// Headers beside an envelope: `name: value`.
    static func headers() -> [ForeignDecoder] {
        let id = MessageID(high: 0x0197_5A2B_3C4D_7E5F, low: 0x8000_0000_0000_0001)
        let envelope = Envelope(
            id: id, kind: .command, stream: StreamID("shop.v1.Order", "7"),
            payload: Payload(name: "shop.v1.Place", schema: 2, contentType: "application/json", bytes: []), correlation: id, causation: id,
            occurredAt: Timestamp(nanoseconds: 1))
        let agreeing = [
            (MessageHeaders.id, "\(id)"), (MessageHeaders.kind, "command"), (MessageHeaders.type, "shop.v1.Place"), (MessageHeaders.schema, "2"),
            (MessageHeaders.correlation, "\(id)"), (MessageHeaders.causation, "\(id)"), (MessageHeaders.traceparent, "00-0af7651916cd43dd-01"),
        ]
        return [
            ForeignDecoder("headers", texts: agreeing.map { "\($0): \($1)" }) { bytes in
                let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
                let name = UnsafeRawBufferPointer(rebasing: bytes[..<end])
                let value = UnsafeRawBufferPointer(rebasing: bytes[min(end + 2, bytes.count)...])
                guard let reason = MessageHeaders.disagreement(with: envelope, name: name, value: value) else { return .accepted }
                return reason.isEmpty ? .broken("refused without a word") : .refused
            }
        ]
    }
}

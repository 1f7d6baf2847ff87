import EventHorizon
import EventHorizonWire

extension ForeignDecoder {
    /// Records of the wire. Their samples are the golden records whose files begin with their name.
    static func wire() -> [ForeignDecoder] {
        // One for all inputs, as in a worker: what it keeps from record to record is a part of what is tried.
        let codec = WireCodec()
        return [
            record("envelope", of: codec, WireCodec.encode, WireCodec.check) { bytes throws(WireError) in try codec.decodeEnvelope(bytes) },
            record("commit", of: codec, WireCodec.encode, WireCodec.check) { bytes throws(WireError) in try codec.decodeCommit(bytes) },
            record("dead-letter", of: codec, WireCodec.encode, WireCodec.check) { bytes throws(WireError) in try codec.decodeDeadLetter(bytes) },
            record("answer", of: codec, WireCodec.encode) { bytes throws(WireError) in try codec.decodeAnswer(bytes) },
            record("topology", of: codec, WireCodec.encode) { bytes throws(WireError) in try codec.decodeTopology(bytes) },
            record("ownership", of: codec, WireCodec.encode) { bytes throws(WireError) in try codec.decodeOwnership(bytes) },
            record("checkpoint", of: codec, WireCodec.encode) { bytes throws(WireError) in try codec.decodeCheckpoint(bytes) },
        ]
    }

    private static func record<Record: Equatable>(
        _ name: StaticString, of codec: WireCodec, _ write: @escaping (WireCodec) -> (Record) -> [UInt8],
        _ check: ((WireCodec) -> (Record) throws -> Void)? = nil, read: @escaping (UnsafeRawBufferPointer) throws(WireError) -> Record
    ) -> ForeignDecoder {
        ForeignDecoder(name) { bytes in
            let record: Record
            do throws(WireError) { record = try read(bytes) } catch {
                return error.field.isEmpty || error.limit.isEmpty ? .broken("refused without a word") : .refused
            }
            do {
                // What was read is within the limits of who reads.
                try check?(codec)(record)
                let written = write(codec)(record)
                let again = try written.withUnsafeBytes { bytes throws(WireError) in try read(bytes) }
                guard again == record else { return .broken("read again it is another record") }
                return write(codec)(again) == written ? .accepted : .broken("the same record is written as other bytes")
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

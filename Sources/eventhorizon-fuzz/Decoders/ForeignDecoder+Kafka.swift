import EventHorizon
import EventHorizonWire

#if Kafka
import EventHorizonKafka

extension ForeignDecoder {
    /// What other clients write into Kafka's topics. Whole records: the key up to a line break, headers line by line up to an empty one, then the body.
    static func kafka() -> [ForeignDecoder] {
        [(Log.commands, "kafka-delivery-cmd" as StaticString), (Log.events, "kafka-delivery-evt")].map { log, name in
            var probe = DeliveryProbe(
                group: GroupDeclaration(name: "orders", log: log, categories: ["shop.v1.Order"], senders: log == .events ? ["shop.v1.Saga"] : []))
            return ForeignDecoder(name, samples: records(of: log)) { bytes in
                var rest = bytes[...]
                func line() -> UnsafeRawBufferPointer {
                    let end = rest.firstIndex(of: 10) ?? rest.endIndex
                    defer { rest = rest[min(end + 1, rest.endIndex)...] }
                    return UnsafeRawBufferPointer(rebasing: rest[..<end])
                }
                let key = line()
                var headers: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] = []
                while case let header = line(), !header.isEmpty {
                    let colon = header.firstIndex(of: 58) ?? header.endIndex
                    headers.append(
                        (
                            UnsafeRawBufferPointer(rebasing: header[..<colon]),
                            UnsafeRawBufferPointer(rebasing: header[min(colon + 1, header.endIndex)...])
                        ))
                }
                switch probe.read(key: key, headers: headers, body: UnsafeRawBufferPointer(rebasing: rest)) {
                case .command(let command): return log == .commands && command.kind == .command ? .accepted : .broken("no command is read there")
                case .commit: return log == .events ? .accepted : .broken("no commit is read there")
                case .undecodable(_, _, _, let reason): return reason.isEmpty ? .broken("refused without a word") : .refused
                case .skipped: return .broken("a record is no run of skipped ones")
                case nil: return .refused
                }
            }
        }
    }

    private static func records(of log: Log) -> [[UInt8]] {
        let id = MessageID(high: 0x0197_5A2B_3C4D_7E5F, low: 0x8000_0000_0000_0001)
        let order = StreamID("shop.v1.Order", "7")
        let envelope = Envelope(
            id: id, kind: log == .commands ? .command : .event, stream: order,
            payload: Payload(name: "shop.v1.Place", contentType: "application/json", bytes: Array("{}".utf8)), correlation: id,
            occurredAt: Timestamp(nanoseconds: 1), trace: TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        guard log == .events else {
            let headers = "Eh-Category:shop.v1.Order\nEh-Id:\(id)\nEh-Kind:command\nEh-Type:shop.v1.Place\nEh-Schema:1\nEh-Correlation:\(id)\n"
            return [headers, ""].map { Array("7\n\($0)\n".utf8) + WireCodec().encode(envelope) }
        }
        func commit(_ stream: StreamID) -> [UInt8] {
            let place = Place(log: .commands, incarnation: 1, partition: 3, position: Position(1))
            let commit = Commit(
                stream: stream, number: 1, firstVersion: 1, events: stream == order ? [envelope] : [],
                decided: [
                    DecidedCommand(
                        id: id, place: place, outcome: .accepted(versions: 1..<2), correlation: id, sender: StreamID("shop.v1.Saga", "s"),
                        command: nil)
                ])
            return Array("\(stream.aggregate)\nEh-Category:\(stream.category)\nEh-Type:shop.v1.Place\n\n".utf8) + WireCodec().encode(commit)
        }
        return [commit(order), commit(StreamID("shop.v1.Other", "8"))]
    }
}
#else
extension ForeignDecoder {
    /// A build without the trait Kafka has none of its decoders.
    static func kafka() -> [ForeignDecoder] { [] }
}
#endif

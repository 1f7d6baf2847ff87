import EventHorizon
import EventHorizonWire

#if Kafka
import EventHorizonKafka

extension ForeignDecoder {
    /// What other clients write into Kafka's topics. Whole records: the key up to a line break, headers line by line up to an empty one, then the body.
    static func kafka() -> [ForeignDecoder] {
        [(Log.commands, "kafka-delivery-cmd" as StaticString), (Log.events, "kafka-delivery-evt")].map { log, name in
            let sample = DeliverySample(log: log)
            var probe = DeliveryProbe(group: sample.group)
            return ForeignDecoder(name, samples: records(sample)) { bytes in
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
                return sample.verdict(on: probe.read(key: key, headers: headers, body: UnsafeRawBufferPointer(rebasing: rest)))
            }
        }
    }

    private static func records(_ sample: DeliverySample) -> [[UInt8]] {
        guard sample.log == .events else {
            let id = sample.id
            let headers = "Eh-Category:shop.v1.Order\nEh-Id:\(id)\nEh-Kind:command\nEh-Type:shop.v1.Place\nEh-Schema:1\nEh-Correlation:\(id)\n"
            return [headers, ""].map { Array("7\n\($0)\n".utf8) + WireCodec().encode(sample.envelope) }
        }
        return [sample.order, sample.other].map { stream in
            Array("\(stream.aggregate)\nEh-Category:\(stream.category)\nEh-Type:shop.v1.Place\n\n".utf8)
                + WireCodec().encode(sample.commit(of: stream))
        }
    }
}
#else
extension ForeignDecoder {
    /// A build without the trait Kafka has none of its decoders.
    static func kafka() -> [ForeignDecoder] { [] }
}
#endif

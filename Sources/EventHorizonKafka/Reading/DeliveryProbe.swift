#if Kafka
package import EventHorizon
import EventHorizonWire

/// Reads single records as a member of a group does, without a server: for whoever asks what a record of somebody else's makes of it.
package struct DeliveryProbe {
    private struct Record: FoundRecord {
        let key: UnsafeRawBufferPointer
        let headers: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)]
        let body: UnsafeRawBufferPointer

        func forEachHeader(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool) {
            for (name, value) in headers where !body(name, value) { return }
        }

        func header(_ name: String) -> UnsafeRawBufferPointer? { headers.last { $0.name.elementsEqual(name.utf8) }?.value }
    }

    private var decoder: DeliveryDecoder

    package init(group: GroupDeclaration) { decoder = DeliveryDecoder(group: group, codec: WireCodec()) }

    /// - Parameter headers: In order; valid, like all bytes here, during the call only.
    /// - Returns: Nil where the group did not ask for the record.
    package mutating func read(
        key: UnsafeRawBufferPointer, headers: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)], body: UnsafeRawBufferPointer
    ) -> Delivery.Content? {
        decoder.decode(Record(key: key, headers: headers, body: body))
    }
}
#endif

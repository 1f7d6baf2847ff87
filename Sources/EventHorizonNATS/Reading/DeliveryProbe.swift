#if NATS
import CNATS
package import EventHorizon
import EventHorizonWire

/// Reads single records as a member of a group does, without a server: for whoever asks what a record of somebody else's makes of it.
package struct DeliveryProbe {
    private var decoder: DeliveryDecoder

    /// - Throws: `Misconfiguration` where the application's name cannot be one.
    package init(group: GroupDeclaration, application: String) throws {
        decoder = DeliveryDecoder(group: group, names: try Names(application: application), codec: WireCodec())
    }

    /// - Parameters:
    ///   - subject: Without a NUL in it.
    ///   - headers: As they travel, `NATS/1.0` and an empty line included; empty for none.
    /// - Returns: Nil where the group did not ask for the record, or libnats makes no message of it.
    package mutating func read(subject: [UInt8], headers: [UInt8], body: [UInt8]) -> Delivery.Content? {
        let subject = subject.map(CChar.init(bitPattern:)) + [0]
        let block = (headers + body).map(CChar.init(bitPattern:))
        let message = subject.withUnsafeBufferPointer { subject in
            block.withUnsafeBufferPointer { block in
                Library.message(subject: subject, reply: UnsafeBufferPointer(start: nil, count: 0), block: block, headers: headers.count)
            }
        }
        guard let message else { return nil }
        defer { Library.destroy(message) }
        return decoder.decode(Arrival(message: message, source: 0))
    }
}
#endif

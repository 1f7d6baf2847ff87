import EventHorizon
import EventHorizonBrokers

extension ForeignDecoder {
    /// Addresses and ids as people and servers write them.
    static func texts() -> [ForeignDecoder] {
        [
            ForeignDecoder(
                "address",
                texts: ["memory:", "nats://127.0.0.1:4222", "nats://user:secret@host:4222,nats://token@[::1]:4222", "nats://[::1]", "nats://a.b:1"]
            ) { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                guard let address = BrokerAddress(text) else { return .refused }
                guard let again = BrokerAddress(address.servers.isEmpty ? "memory:" : address.servers.joined(separator: ",")), again == address else {
                    return .broken("the address is not the same when it is read again")
                }
                // The scheme may be said once for all servers, so the text itself is shown otherwise.
                let shown = BrokerAddress.redact(address.servers.joined(separator: ","))
                return address.scheme == .memory || address.description == shown ? .accepted : .broken("two ways to hide its secrets differ")
            },
            ForeignDecoder(
                "message-id",
                texts: ["3f2504e0-4f89-41d3-9a0c-0305e82c3301", "00000000-0000-0000-0000-000000000000", "FFFFFFFF-ffff-ffff-FFFF-ffffffffffff"]
            ) { bytes in
                if let id = MessageID(bytes: bytes), MessageID(bytes: id.bytes) != id { return .broken("its bytes are another id") }
                guard let id = MessageID(String(decoding: bytes, as: UTF8.self)) else { return .refused }
                return MessageID(id.description) == id ? .accepted : .broken("its text is another id")
            },
        ]
    }
}

import EventHorizon
import EventHorizonWire

#if NATS
import EventHorizonNATS

extension ForeignDecoder {
    /// What a NATS server and its other clients write.
    static func nats() throws -> [ForeignDecoder] {
        try deliveries() + [
            ForeignDecoder(
                "publish-answer",
                texts: [
                    #"{"stream":"shop_EVENTS", "seq":123}"#, #"{"stream":"shop_EVENTS","domain":"d","seq":18446744073709551615,"duplicate": true}"#,
                    #"{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"stream":"S","seq":0}"#,
                ]
            ) { bytes in
                switch PublishAnswer(bytes) {
                case .stored(let sequence, _): sequence > 0 ? .accepted : .broken("stored nowhere")
                case .failed(let error): error.description.isEmpty ? .broken("failed without a word") : .accepted
                case .noResponders: bytes.isEmpty ? .refused : .broken("an answer is there")
                case .unreadable: .refused
                }
            },
            ForeignDecoder(
                "stored-message",
                texts: [
                    #"{"type":"io.nats","message":{"subject":"$KV.shop.topology","seq":7,"data":"CAgSBAgBEAE=","time":"2025-01-01T00:00:00Z"}}"#,
                    #"{"type":"x","error":{"code":404,"err_code":10037,"description":"no message found"}}"#,
                ]
            ) { bytes in
                switch StoredMessage.read(bytes) {
                case .message, .nothing, .failed: .accepted
                case .unreadable: .refused
                }
            },
            ForeignDecoder("base64", texts: ["", "AA==", "AAE=", "dGhlIHF1aWNrIGJyb3duIGZveA==", "//79+w=="]) { bytes in
                guard let decoded = Base64.decode(bytes) else { return .refused }
                return decoded.count <= bytes.count / 4 * 3 ? .accepted : .broken("\(decoded.count) bytes of \(bytes.count) digits")
            },
            ForeignDecoder(
                "server-info",
                texts: [#"INFO {"server_id":"N","version":"2.12.14","go":"go1.24","headers":true,"jetstream":true,"port":4222} "# + "\r\n"]
            ) { bytes in
                guard let info = ServerInfo(bytes) else { return .refused }
                return ServerVersion(info.version.description) == info.version ? .accepted : .broken("its version is another when it is read again")
            },
            ForeignDecoder(
                "server-json",
                texts: [
                    #"{"config":{"name":"shop_EVENTS","subjects":["shop.evt.>"],"max_msgs":-1,"deny_delete":true},"created":"2025-01-01T12:30:59.123456789Z"}"#,
                    #"{"state":{"messages":3,"last_seq":18446744073709551615},"list":[1,2.5,null,"\u00e9\ud83d\ude00\n"]}"#,
                ]
            ) { bytes in
                guard let value = JSONValue([UInt8](bytes)) else { return .refused }
                if case .string(let text) = value, JSONValue(Array(JSONValue.quoted(text).utf8)) != value {
                    return .broken("a text is another when quoted")
                }
                return .accepted
            },
            ForeignDecoder("server-time", texts: ["2025-01-01T12:30:59.123456789Z", "2025-12-31T23:59:59+02:00", "1970-01-01T00:00:00Z"]) { bytes in
                RFC3339.nanoseconds(String(decoding: bytes, as: UTF8.self)) == nil ? .refused : .accepted
            },
            ForeignDecoder(
                "delivery-reply",
                texts: ["$JS.ACK.shop_EVENTS.c1.1.12.3.1700000000000000000.0", "$JS.ACK.hub.ACCOUNT.shop_EVENTS.c1.1.12.3.1700000000000000000.0.x"]
            ) { bytes in
                // As libnats has it: up to a NUL, with one behind.
                let text = bytes.map(CChar.init(bitPattern:)) + [0]
                return text.withUnsafeBufferPointer { $0.baseAddress.flatMap { DeliveryReply($0) } } == nil ? .refused : .accepted
            },
            ForeignDecoder("header-block", texts: ["NATS/1.0\r\nEh-Id: 3f2504e0\r\nEh-Kind: command\r\ntraceparent:  00-1-2-01 \r\n\r\n"]) { bytes in
                HeaderBlock.lines(of: bytes).isEmpty ? .refused : .accepted
            },
            ForeignDecoder("subject-token", texts: ["guestlist=2Ev1=2EInvitation", "=C3=BC", "plain_-9", "=F0=9F=98=80"]) { bytes in
                guard let text = SubjectToken.unescaped(bytes) else { return .refused }
                return SubjectToken.escaped(text).utf8.elementsEqual(bytes) ? .accepted : .broken("its token is another")
            },
            ForeignDecoder("server-address", texts: ["nats://user:secret@host:4222", "tls://token@[::1]:4222"]) { bytes in
                let address = String(decoding: bytes, as: UTF8.self)
                guard let secret = ServerAddress.secret(in: address) else { return .refused }
                let wanted = address.utf8.count - secret.utf8.count + 3
                return ServerAddress.redacted(address).utf8.count == wanted ? .accepted : .broken("its secret still shows")
            },
        ]
    }

    /// Whole messages: the subject's end up to a line break, headers up to an empty line, then the body.
    private static func deliveries() throws -> [ForeignDecoder] {
        try [(Log.commands, "cmd", "delivery-cmd" as StaticString), (Log.events, "evt", "delivery-evt")].map { log, token, name in
            let sample = DeliverySample(log: log)
            var probe = try DeliveryProbe(group: sample.group, application: "shop")
            return ForeignDecoder(name, samples: messages(sample)) { bytes in
                let line = bytes.firstIndex(of: 10) ?? bytes.endIndex
                let rest = [UInt8](bytes[min(line + 1, bytes.endIndex)...])
                let end = rest.indices.first { rest[$0...].starts(with: [13, 10, 13, 10]) }.map { $0 + 4 } ?? 0
                let subject = Array("shop.\(token).".utf8) + bytes[..<line].filter { $0 != 0 }
                return sample.verdict(on: probe.read(subject: subject, headers: Array(rest[..<end]), body: Array(rest[end...])))
            }
        }
    }

    private static func messages(_ sample: DeliverySample) -> [[UInt8]] {
        let subject = "3.shop=2Ev1=2EOrder.7\n"
        guard sample.log == .events else {
            let id = sample.id
            let headers = "NATS/1.0\r\nEh-Id: \(id)\r\nEh-Kind: command\r\nEh-Type: shop.v1.Place\r\nEh-Schema: 1\r\nEh-Correlation: \(id)\r\n\r\n"
            return [headers, ""].map { Array((subject + $0).utf8) + WireCodec().encode(sample.envelope) }
        }
        return [
            Array((subject + "NATS/1.0\r\nNats-Msg-Id: x\r\n\r\n").utf8) + WireCodec().encode(sample.commit(of: sample.order)),
            Array("3.shop=2Ev1=2EOther.8\n".utf8) + WireCodec().encode(sample.commit(of: sample.other)),
        ]
    }
}
#else
extension ForeignDecoder {
    /// A build without the trait NATS has none of its decoders.
    static func nats() throws -> [ForeignDecoder] { [] }
}
#endif

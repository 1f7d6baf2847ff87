import EventHorizon
import EventHorizonWire

/// What brokers deliver to a group of the shop's orders, whichever broker it is.
struct DeliverySample {
    let log: Log
    let id = MessageID(high: 0x0197_5A2B_3C4D_7E5F, low: 0x8000_0000_0000_0001)
    let order = StreamID("shop.v1.Order", "7")
    let other = StreamID("shop.v1.Other", "8")

    var group: GroupDeclaration {
        GroupDeclaration(name: "orders", log: log, categories: ["shop.v1.Order"], senders: log == .events ? ["shop.v1.Saga"] : [])
    }

    var envelope: Envelope {
        Envelope(
            id: id, kind: log == .commands ? .command : .event, stream: order,
            payload: Payload(name: "shop.v1.Place", contentType: "application/json", bytes: Array("{}".utf8)), correlation: id,
            occurredAt: Timestamp(nanoseconds: 1), trace: TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
    }

    /// A commit of `order`, or one of `other` that answers the group's sender.
    func commit(of stream: StreamID) -> Commit {
        Commit(
            stream: stream, number: 1, firstVersion: 1, events: stream == order ? [envelope] : [],
            decided: [
                DecidedCommand(
                    id: id, place: Place(log: .commands, incarnation: 1, partition: 3, position: Position(1)),
                    outcome: .accepted(versions: 1..<2), correlation: id, sender: StreamID("shop.v1.Saga", "s"), command: nil)
            ])
    }

    /// - Parameter content: What the group makes of a record; nil where it did not ask for it.
    func verdict(on content: Delivery.Content?) -> ForeignDecoder.Verdict {
        switch content {
        case .command(let command): log == .commands && command.kind == .command ? .accepted : .broken("no command is read there")
        case .commit: log == .events ? .accepted : .broken("no commit is read there")
        case .undecodable(_, _, _, let reason): reason.isEmpty ? .broken("refused without a word") : .refused
        case .skipped: .broken("a record is no run of skipped ones")
        case nil: .refused
        }
    }
}

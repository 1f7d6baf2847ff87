#if NATS
/// Where a delivered message lies, from its reply subject:
/// `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>`, with `<domain>.<account>` before the stream in the
/// newer form.
package struct DeliveryReply: Equatable {
    var streamSequence: UInt64
    var consumerSequence: UInt64

    /// Nil where the reply is no such subject.
    @inline(__always)
    package init?(_ reply: UnsafePointer<CChar>) {
        // "$JS.ACK." begins with no other byte, and no message of a client has it for its reply without meaning it.
        guard reply[0] == 36, reply[1] == 74, reply[2] == 83, reply[3] == 46, reply[4] == 65 else { return nil }
        var dots = 0
        var at = 0
        var starts = (0, 0, 0, 0)
        while reply[at] != 0 {
            if reply[at] == 46 {
                dots += 1
                switch dots {
                case 5: starts.0 = at + 1
                case 6: starts.1 = at + 1
                case 7: starts.2 = at + 1
                case 8: starts.3 = at + 1
                default: break
                }
            }
            at += 1
        }
        let (stream, consumer): (Int, Int)
        switch dots {
        case 8: (stream, consumer) = (starts.0, starts.1)
        case 10...: (stream, consumer) = (starts.2, starts.3)
        default: return nil
        }
        guard let position = Self.number(reply + stream), let sequence = Self.number(reply + consumer) else { return nil }
        streamSequence = position
        consumerSequence = sequence
    }

    @inline(__always)
    private static func number(_ text: UnsafePointer<CChar>) -> UInt64? {
        var at = 0
        var value: UInt64 = 0
        while case let digit = UInt8(bitPattern: text[at]) &- 48, digit < 10 {
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        return at > 0 ? value : nil
    }
}
#endif

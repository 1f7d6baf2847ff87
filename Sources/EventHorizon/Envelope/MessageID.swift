/// The identity of a command or an event: a UUID (RFC 9562), 16 bytes on the wire, most significant first.
public struct MessageID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A UUID of version 7: 48 bits of milliseconds since 1970, then random bits, so that ids made later sort later.
    public init(at time: Timestamp, random: (UInt64, UInt64)) {
        let milliseconds = UInt64(max(0, time.nanoseconds / 1_000_000))
        high = milliseconds << 16 | 0x7000 | random.0 & 0x0FFF
        low = 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF
    }

    /// A UUID of version 5: the same name in the same namespace always gives the same id, in every language.
    public init(named name: some Sequence<UInt8>, in namespace: MessageID) {
        let digest = SHA1.digest(of: namespace.bytes + name)
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in digest[0..<8] { high = high << 8 | UInt64(byte) }
        for byte in digest[8..<16] { low = low << 8 | UInt64(byte) }
        self.high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x5000
        self.low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    }

    /// The 16 bytes; nil for any other count.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        self.init(high: high, low: low)
    }

    public var bytes: [UInt8] {
        (0..<16).map { index in UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - index % 8 * 8)) }
    }
}

extension MessageID: CustomStringConvertible, LosslessStringConvertible {
    /// `3f2504e0-4f89-41d3-9a0c-0305e82c3301`
    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            write(into: buffer)
            return 36
        }
    }

    /// The 36 characters of `description`.
    package func write(into buffer: UnsafeMutableBufferPointer<UInt8>) {
        precondition(buffer.count >= 36, "an id takes 36 characters")
        var at = 0
        for half in [high, low] {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                if at == 8 || at == 13 || at == 18 || at == 23 {
                    buffer[at] = UInt8(ascii: "-")
                    at += 1
                }
                let digit = UInt8(truncatingIfNeeded: half >> shift) & 15
                buffer[at] = digit < 10 ? 48 + digit : 87 + digit
                at += 1
            }
        }
    }

    public init?(_ description: String) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for (index, character) in description.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch character {
            case 48...57: digit = character - 48
            case 97...102: digit = character - 87
            case 65...70: digit = character - 55
            default: return nil
            }
            guard digits < 32 else { return nil }
            if digits < 16 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
            digits += 1
        }
        guard digits == 32 else { return nil }
        self.init(high: high, low: low)
    }
}

#if NATS
/// Any text as one token of a subject, which is a valid part of a key-value key too: every byte outside `[A-Za-z0-9_-]` becomes `=XX`.
///
/// Different texts give different tokens, so that streams never share a subject.
package enum SubjectToken {
    static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            if utf8.allSatisfy(isPlain) { return bytes.append(contentsOf: utf8) }
            for byte in utf8 {
                if isPlain(byte) {
                    bytes.append(byte)
                } else {
                    bytes.append(UInt8(ascii: "="))
                    bytes.append(hexDigit(byte >> 4))
                    bytes.append(hexDigit(byte & 15))
                }
            }
        }
    }

    package static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Nil where the token is none that `append` writes.
    package static func unescaped(_ token: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(token.count)
        var rest = token.makeIterator()
        while let byte = rest.next() {
            if isPlain(byte) {
                bytes.append(byte)
            } else if byte == UInt8(ascii: "="), let high = rest.next().flatMap(value), let low = rest.next().flatMap(value),
                !isPlain(high << 4 | low)
            {
                bytes.append(high << 4 | low)
            } else {
                return nil
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether a byte stands for itself.
    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 65...70: digit - 55
        default: nil
        }
    }
}
#endif

#if NATS
/// Base64 (RFC 4648, section 4), as the server writes messages into JSON.
package enum Base64 {
    /// Nil where the text is none.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        if text.isEmpty { return [] }
        let padding = text[text.count - 1] != UInt8(ascii: "=") ? 0 : text[text.count - 2] != UInt8(ascii: "=") ? 1 : 2
        let count = text.count / 4 * 3 - padding
        var bits: UInt8 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, written in
            values.withUnsafeBufferPointer { values in
                var at = 0
                for group in stride(from: 0, to: text.count, by: 4) {
                    let isLast = group + 4 == text.count
                    let a = values[Int(text[group])]
                    let b = values[Int(text[group + 1])]
                    let c = isLast && padding == 2 ? 0 : values[Int(text[group + 2])]
                    let d = isLast && padding >= 1 ? 0 : values[Int(text[group + 3])]
                    bits |= a | b | c | d
                    let word = UInt32(a & 63) << 18 | UInt32(b & 63) << 12 | UInt32(c & 63) << 6 | UInt32(d & 63)
                    bytes[at] = UInt8(truncatingIfNeeded: word >> 16)
                    if at + 1 < count { bytes[at + 1] = UInt8(truncatingIfNeeded: word >> 8) }
                    if at + 2 < count { bytes[at + 2] = UInt8(truncatingIfNeeded: word) }
                    at += 3
                }
            }
            written = count
        }
        return bits & 0x80 == 0 ? bytes : nil
    }

    /// 0x80 for what is no digit.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0x80, count: 256)
        for (value, digit) in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8.enumerated() {
            values[Int(digit)] = UInt8(value)
        }
        return values
    }()
}
#endif

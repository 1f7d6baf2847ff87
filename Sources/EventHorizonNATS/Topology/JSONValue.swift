#if NATS
/// JSON (RFC 8259) that a server wrote, for set-up: small and rare. Numbers keep their text, so that 64 bits survive.
package enum JSONValue: Equatable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    subscript(_ name: String) -> JSONValue? { if case .object(let members) = self { members[name] } else { nil } }
    var string: String? { if case .string(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
    var strings: [String]? { if case .array(let values) = self { values.compactMap(\.string) } else { nil } }

    /// Nil where the bytes are no JSON.
    package init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard let value = reader.value(depth: 0) else { return nil }
        self = value
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        var next: UInt8? { at < bytes.count ? bytes[at] : nil }

        mutating func skip() { while let byte = next, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 } }

        mutating func take(_ byte: Unicode.Scalar) -> Bool {
            skip()
            guard next == UInt8(ascii: byte) else { return false }
            at += 1
            return true
        }

        mutating func word(_ word: String, _ value: JSONValue) -> JSONValue? {
            guard bytes[at...].starts(with: word.utf8) else { return nil }
            at += word.utf8.count
            return value
        }

        mutating func value(depth: Int) -> JSONValue? {
            skip()
            guard let byte = next, depth < 64 else { return nil }
            switch byte {
            case UInt8(ascii: "{"):
                at += 1
                var members: [String: JSONValue] = [:]
                if take("}") { return .object(members) }
                repeat {
                    skip()
                    guard let name = text(), take(":"), let value = value(depth: depth + 1) else { return nil }
                    members[name] = value
                } while take(",")
                return take("}") ? .object(members) : nil
            case UInt8(ascii: "["):
                at += 1
                var values: [JSONValue] = []
                if take("]") { return .array(values) }
                repeat {
                    guard let value = value(depth: depth + 1) else { return nil }
                    values.append(value)
                } while take(",")
                return take("]") ? .array(values) : nil
            case UInt8(ascii: "\""): return text().map { .string($0) }
            case UInt8(ascii: "t"): return word("true", .bool(true))
            case UInt8(ascii: "f"): return word("false", .bool(false))
            case UInt8(ascii: "n"): return word("null", .null)
            default:
                let start = at
                while let byte = next, (48...57).contains(byte) || "+-.eE".utf8.contains(byte) { at += 1 }
                return at > start ? .number(String(decoding: bytes[start..<at], as: UTF8.self)) : nil
            }
        }

        mutating func text() -> String? {
            guard next == UInt8(ascii: "\"") else { return nil }
            at += 1
            var text: [UInt8] = []
            while let byte = next {
                at += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escape = next else { return nil }
                    at += 1
                    switch escape {
                    case UInt8(ascii: "n"): text.append(10)
                    case UInt8(ascii: "t"): text.append(9)
                    case UInt8(ascii: "r"): text.append(13)
                    case UInt8(ascii: "b"): text.append(8)
                    case UInt8(ascii: "f"): text.append(12)
                    case UInt8(ascii: "u"):
                        guard let unit = unit() else { return nil }
                        var scalar = UInt32(unit)
                        if (0xD800..<0xDC00).contains(unit), bytes[at...].starts(with: [92, 117]) {
                            at += 2
                            guard let low = self.unit() else { return nil }
                            // What is no second half leaves the first alone, which is no character: U+FFFD below.
                            if (0xDC00..<0xE000).contains(low) { scalar = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00) }
                        }
                        text.append(contentsOf: Array(String(Unicode.Scalar(scalar).map(Character.init) ?? "\u{FFFD}").utf8))
                    default: text.append(escape)
                    }
                default: text.append(byte)
                }
            }
            return nil
        }

        mutating func unit() -> UInt16? {
            guard at + 4 <= bytes.count, let unit = UInt16(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16) else { return nil }
            at += 4
            return unit
        }
    }

    /// A text as a JSON string with its quotes.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 32: result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
#endif

import EventHorizonMemory

/// Makes wrong records of right ones, by seed.
struct Mutator {
    /// No input is longer, in bytes.
    static let longest = 1 << 16

    private(set) var random: SeededRandom
    /// Pieces are taken from these.
    private let others: [[UInt8]]

    init(seed: UInt64, others: [[UInt8]]) {
        random = SeededRandom(seed: seed)
        self.others = others
    }

    mutating func below(_ bound: Int) -> Int { random.below(bound) }

    mutating func mutation(of record: [UInt8]) -> [UInt8] {
        var bytes = record
        // Mostly a few changes: after many nothing is read any more.
        for _ in 0...random.below(random.below(8) == 0 ? 12 : 3) { change(&bytes) }
        if bytes.count > Self.longest { bytes.removeLast(bytes.count - Self.longest) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let kind = random.below(14)
        if bytes.isEmpty { return insert(noise(1 + random.below(16)), into: &bytes) }
        let at = random.below(bytes.count)
        switch kind {
        case 0, 1: bytes[at] ^= 1 << UInt8(random.below(8))
        case 2: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 3: bytes[at] = Self.edges[random.below(Self.edges.count)]
        case 4: bytes.removeLast(bytes.count - at)
        case 5: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(40)))
        case 6: insert(noise(1 + random.below(16)), into: &bytes)
        case 7: insert(Array(piece(of: bytes, 40)), into: &bytes)
        case 8: splice(&bytes)
        case 9: extremeLength(&bytes, at)
        case 10: extremeNumber(&bytes)
        case 11: `repeat`(&bytes)
        case 12: nest(&bytes)
        default:
            let word = Self.words[random.below(Self.words.count)]
            bytes.replaceSubrange(at..<min(bytes.count, at + random.below(word.utf8.count + 1)), with: word.utf8)
        }
    }

    private mutating func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } }

    private mutating func insert(_ piece: [UInt8], into bytes: inout [UInt8]) { bytes.insert(contentsOf: piece, at: random.below(bytes.count + 1)) }

    private mutating func piece(of bytes: [UInt8], _ longest: Int) -> ArraySlice<UInt8> {
        let start = random.below(bytes.count)
        return bytes[start..<min(bytes.count, start + 1 + random.below(longest))]
    }

    /// The beginning of this record and the end of another, or a piece of the other within.
    private mutating func splice(_ bytes: inout [UInt8]) {
        let other = others[random.below(others.count)]
        guard !other.isEmpty else { return }
        if random.below(2) == 0 {
            bytes.removeLast(bytes.count - random.below(bytes.count))
            bytes += other[random.below(other.count)...]
        } else {
            insert(Array(piece(of: other, 200)), into: &bytes)
        }
    }

    /// Puts an extreme varint where one may be: what is a length, a count or a number there becomes one that cannot be true.
    private mutating func extremeLength(_ bytes: inout [UInt8], _ at: Int) {
        var end = at
        while end < bytes.count - 1, bytes[end] >= 0x80 { end += 1 }
        bytes.replaceSubrange(at...end, with: Self.varints[random.below(Self.varints.count)])
    }

    /// The same for a number in decimal digits.
    private mutating func extremeNumber(_ bytes: inout [UInt8]) {
        let digits = bytes.indices.filter { (48...57).contains(bytes[$0]) }
        guard !digits.isEmpty else { return }
        let start = digits[random.below(digits.count)]
        var end = start
        while end < bytes.count, (48...57).contains(bytes[end]), random.below(8) > 0 { end += 1 }
        bytes.replaceSubrange(start..<end, with: Self.numbers[random.below(Self.numbers.count)].utf8)
    }

    /// A piece many times over.
    private mutating func `repeat`(_ bytes: inout [UInt8]) {
        let piece = Array(piece(of: bytes, random.below(16) == 0 ? bytes.count : 24))
        let times = min(1 + random.below(random.below(64) == 0 ? 4_000 : 40), (Self.longest / 2) / piece.count)
        let at = random.below(bytes.count)
        bytes.insert(contentsOf: Array(repeating: piece, count: times).joined(), at: at)
    }

    /// The record, or a piece, within itself: as a field of a message, a list, an object.
    private mutating func nest(_ bytes: inout [UInt8]) {
        var inner = random.below(2) == 0 ? bytes : Array(piece(of: bytes, 200))
        let depth = 1 + random.below(random.below(8) == 0 ? 300 : 8)
        if random.below(4) == 0 {
            let (open, close) = Self.brackets[random.below(Self.brackets.count)]
            inner = Array(String(repeating: open, count: depth).utf8) + inner + Array(String(repeating: close, count: depth).utf8)
        } else {
            let field = UInt8(1 + random.below(15))
            for _ in 0..<depth where inner.count < Self.longest / 2 { inner = [field << 3 | 2] + Self.varint(UInt64(inner.count)) + inner }
        }
        if random.below(2) == 0 { bytes = inner } else { insert(inner, into: &bytes) }
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (value, bytes) = (value, [UInt8]())
        while value > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    private static let edges: [UInt8] = [0, 1, 10, 13, 32, 46, 0x7F, 0x80, 0xC0, 0xF4, 0xFE, 0xFF]
    private static let varints: [[UInt8]] =
        [0, 1, 127, 128, 255, 65_535, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 62 - 1, 1 << 62, 1 << 63 - 1, 1 << 63, .max].map(varint) + [
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x80, 0x00],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        ]
    private static let numbers = [
        "0", "-1", "+1", "00", "9", "99", "9999", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615",
        "18446744073709551616", "99999999999999999999999999", "1e9", "1e999", "-0", "1.5", "0.1e-400",
    ]
    private static let words = [
        "\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\", "\"", "{", "}", "[", "]", ":", ",", ".", "=", "==", "=2E", "=00", "@", "/", "://",
        "]:",
        "null", "true", "\"error\":{", "\"seq\":", "\"data\":\"", "\"code\":", "\r\n", "\r\n\r\n", "NATS/1.0", "Eh-Id: ", "+", "-", "Z", "\u{FEFF}",
        "é", "😀",
    ]
    private static let brackets = [("[", "]"), ("{\"a\":", "}"), ("\"", "\""), ("(", "")]
}

/// Gives the same String for the same bytes without allocating again: types, categories, content types and busy aggregates come over and over.
///
/// A fixed number of places, each taken by the newest string that hashes to it.
struct StringCache {
    private static let places = 1024
    /// Up to here a String holds its bytes itself.
    private static let inline = 15
    private static let longest = 128

    private var strings = [String](repeating: "", count: Self.places)

    /// Nil where the bytes are not UTF-8.
    mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard bytes.count > Self.inline, bytes.count <= Self.longest else { return String(validating: bytes, as: UTF8.self) }
        let place = Self.hash(UnsafeRawBufferPointer(bytes)) & (Self.places - 1)
        if Self.isEqual(strings[place], UnsafeRawBufferPointer(bytes)) { return strings[place] }
        guard let string = String(validating: bytes, as: UTF8.self) else { return nil }
        strings[place] = string
        return string
    }

    private static func isEqual(_ string: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        string.utf8.count == bytes.count
            && string.utf8.withContiguousStorageIfAvailable { known in
                let known = UnsafeRawBufferPointer(known)
                var at = 0
                while at + 8 <= bytes.count {
                    if known.loadUnaligned(fromByteOffset: at, as: UInt64.self) != bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) { return false }
                    at += 8
                }
                while at < bytes.count {
                    if known[at] != bytes[at] { return false }
                    at += 1
                }
                return true
            } ?? false
    }

    /// At least 8 bytes, the last of which may be taken twice.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: bytes.count)
        var at = 0
        while at < bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: min(at, bytes.count - 8), as: UInt64.self)
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
            at += 8
        }
        return Int(truncatingIfNeeded: hash)
    }
}

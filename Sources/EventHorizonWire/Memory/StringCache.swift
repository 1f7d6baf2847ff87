/// Gives the same String for the same bytes without allocating again: types, categories, content types and busy aggregates come over and over.
///
/// A fixed number of places, each taken by the newest string that hashes to it.
final class StringCache {
    private static let places = 1024
    /// Up to here a String holds its bytes itself.
    private static let inline = 15
    private static let longest = 128

    // A pointer rather than an array: this is asked a dozen times a record, and checks of exclusive access and bounds would cost half of it.
    // It is used inside this class only, with places below `places`.
    private let strings: UnsafeMutablePointer<String>

    init() {
        strings = .allocate(capacity: Self.places)
        strings.initialize(repeating: "", count: Self.places)
    }

    deinit {
        strings.deinitialize(count: Self.places)
        strings.deallocate()
    }

    /// Nil where the bytes are not UTF-8.
    func string(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard bytes.count > Self.inline, bytes.count <= Self.longest else { return Self.made(bytes) }
        let place = strings + Self.hash(UnsafeRawBufferPointer(bytes)) & (Self.places - 1)
        if Self.isEqual(place.pointee, UnsafeRawBufferPointer(bytes)) { return place.pointee }
        guard let string = Self.made(bytes) else { return nil }
        place.pointee = string
        return string
    }

    /// ASCII, the common case, is valid as it is; for the rest the standard library is asked, which takes its time.
    private static func made(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        isASCII(UnsafeRawBufferPointer(bytes)) ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }

    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var seen: UInt64 = 0
        var at = 0
        while at + 8 <= bytes.count {
            seen |= bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            at += 8
        }
        while at < bytes.count {
            seen |= UInt64(bytes[at])
            at += 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    private static func isEqual(_ string: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        string.utf8.withContiguousStorageIfAvailable { known in
            guard known.count == bytes.count else { return false }
            let known = UnsafeRawBufferPointer(known)
            var at = 0
            while at + 8 <= bytes.count {
                if known.loadUnaligned(fromByteOffset: at, as: UInt64.self) != bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) {
                    return false
                }
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

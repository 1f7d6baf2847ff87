/// Which partition a stream's messages lie in, the same in every language and on every broker: Java's murmur2 of the aggregate id, as
/// Apache Kafka's default partitioner computes it, sign bit cleared, modulo the partition count.
public enum Partitioner {
    public static func partition(of aggregate: String, count: Int) -> Int {
        Int(hash(of: aggregate) & 0x7FFF_FFFF) % count
    }

    /// MurmurHash2 with Kafka's seed, over the UTF-8 bytes.
    public static func hash(of key: String) -> UInt32 {
        var key = key
        return key.withUTF8 { hash(of: UnsafeRawBufferPointer($0)) }
    }

    static func hash(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5BD1_E995
        var hash = 0x9747_B28C ^ UInt32(truncatingIfNeeded: bytes.count)
        var index = 0
        while index + 4 <= bytes.count {
            var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
            word &*= multiplier
            word ^= word >> 24
            word &*= multiplier
            hash &*= multiplier
            hash ^= word
            index += 4
        }
        let rest = bytes.count - index
        if rest > 0 {
            if rest == 3 { hash ^= UInt32(bytes[index + 2]) << 16 }
            if rest >= 2 { hash ^= UInt32(bytes[index + 1]) << 8 }
            hash ^= UInt32(bytes[index])
            hash &*= multiplier
        }
        hash ^= hash >> 13
        hash &*= multiplier
        hash ^= hash >> 15
        return hash
    }
}

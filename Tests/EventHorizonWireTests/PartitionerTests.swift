import EventHorizon
import Testing

/// Golden vectors of Java's `Utils.toPositive(Utils.murmur2(key)) % count`, for 1 to 12 partitions: other languages publish by them.
struct PartitionerTests {
    @Test(arguments: [
        ("", 0x106e_08d9, [0, 1, 0, 1, 1, 3, 2, 1, 0, 1, 2, 9]),
        ("a", 0x22d0_b27c, [0, 0, 1, 0, 4, 4, 5, 4, 4, 4, 5, 4]),
        ("inv-1", 0x6f67_25a1, [0, 1, 1, 1, 2, 1, 3, 1, 7, 7, 5, 1]),
        ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", 0x7e52_dd2c, [0, 0, 2, 0, 3, 2, 0, 4, 8, 8, 7, 8]),
        ("guest/müller", 0x5778_05cc, [0, 0, 2, 0, 1, 2, 5, 4, 8, 6, 7, 8]),
        ("order-0000000042", 0x2a08_7bd8, [0, 0, 2, 0, 4, 2, 3, 0, 5, 4, 9, 8]),
    ]) func a_key_has_the_partition_that_java_gives_it(_ key: String, _ masked: Int, _ partitions: [Int]) {
        #expect(Int(Partitioner.hash(of: key) & 0x7FFF_FFFF) == masked)
        #expect((1...12).map { Partitioner.partition(of: key, count: $0) } == partitions)
    }

    /// From Apache Kafka's own UtilsTest, as signed numbers.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536), ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
    ]) func a_key_has_the_hash_that_kafka_tests_for(_ key: String, _ hash: Int32) {
        #expect(Int32(bitPattern: Partitioner.hash(of: key)) == hash)
    }

    @Test func the_bytes_decide_not_what_they_look_like() {
        #expect(Partitioner.hash(of: "M\u{FC}ller") != Partitioner.hash(of: "Mu\u{308}ller"))
    }

    @Test func every_partition_of_any_count_is_in_range() {
        var random = SplitMix(seed: 3)
        for _ in 0..<2_000 {
            let key = String(
                decoding: (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }, as: UTF8.self)
            let count = Int.random(in: 1...1_000, using: &random)
            #expect((0..<count).contains(Partitioner.partition(of: key, count: count)))
        }
    }
}

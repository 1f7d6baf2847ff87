#if Kafka
/// How much of a partition the library may hold that was not taken yet: at that it stops to fetch. In memory a record takes some 300 bytes more than
/// on the wire.
struct ReadAhead: Sendable {
    let messages: Int
    let bytes: Int

    /// All of a member's partitions together take what eight do, but each may have a little.
    init(partitionCount: Int) {
        messages = max(500, 16_000 / max(8, partitionCount))
        bytes = max(256 << 10, (16 << 20) / max(8, partitionCount))
    }
}
#endif

/// What a broker can do. The contract suites read it.
public struct BrokerFeatures: Sendable, Equatable {
    /// An outcome is stored whole or not at all.
    public var atomicSettle: Bool
    /// Messages outlive the process that wrote them.
    public var durable: Bool
    /// The largest record, in bytes.
    public var maximumRecordSize: Int
    public init(atomicSettle: Bool, durable: Bool, maximumRecordSize: Int) {
        self.atomicSettle = atomicSettle
        self.durable = durable
        self.maximumRecordSize = maximumRecordSize
    }

    /// The largest record that may be published: a commit is larger than its command, and a dead letter larger than its message.
    public var maximumPublishSize: Int { maximumRecordSize - 65_536 }
}

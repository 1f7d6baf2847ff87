/// A checkpoint was not where its writer believed: another member owns the partition now.
public struct CheckpointConflict: Error, Equatable, CustomStringConvertible {
    public let partition: Int
    public let expected: Checkpoint?
    public let actual: Checkpoint?
    public init(partition: Int, expected: Checkpoint?, actual: Checkpoint?) {
        self.partition = partition
        self.expected = expected
        self.actual = actual
    }
    public var description: String {
        "the checkpoint of partition \(partition) is at \(actual.map { "\($0.position)" } ?? "nothing"), not at "
            + "\(expected.map { "\($0.position)" } ?? "nothing"): another member wrote it"
    }
}

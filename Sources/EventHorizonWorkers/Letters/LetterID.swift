public import EventHorizon

/// A dead letter's name: where it lies in the dead-letter log. Written `3/17`: partition 3, position 17.
public struct LetterID: Hashable, Sendable, LosslessStringConvertible {
    public var partition: Int
    public var position: Position

    public init(partition: Int, position: Position) {
        self.partition = partition
        self.position = position
    }

    public init?(_ description: String) {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let partition = Int(parts[0]), partition >= 0, let position = UInt64(parts[1]), position > 0 else { return nil }
        self.init(partition: partition, position: Position(position))
    }

    public var description: String { "\(partition)/\(position)" }
}

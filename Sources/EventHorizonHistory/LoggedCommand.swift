public import EventHorizon

/// A record of the commands log.
public struct LoggedCommand: Sendable, Equatable {
    public var partition: Int
    public var position: Position
    public var envelope: Envelope
    public init(partition: Int, position: Position, envelope: Envelope) {
        self.partition = partition
        self.position = position
        self.envelope = envelope
    }
}

/// What a client is told of its command. Sent after the commit is stored, never before.
public struct Answer: Sendable, Equatable {
    public var command: MessageID
    public var stream: StreamID
    public var outcome: CommandOutcome
    /// Where the commit lies in the events log: a read model whose checkpoint covers it has seen the command's events.
    public var place: Place
    public init(command: MessageID, stream: StreamID, outcome: CommandOutcome, place: Place) {
        self.command = command
        self.stream = stream
        self.outcome = outcome
        self.place = place
    }
}

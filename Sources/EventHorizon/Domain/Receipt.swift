/// Proof that a command was accepted: its events' versions, and where their commit lies in the log.
public struct Receipt: Sendable, Equatable {
    /// Empty where the aggregate had nothing to say.
    public let versions: Range<Int>
    /// A read model whose checkpoint covers this place has seen the command's events.
    public let place: Place
    /// Whose events they are; nil where that does not matter to a reader.
    public let stream: StreamID?
    public init(versions: Range<Int>, place: Place, stream: StreamID? = nil) {
        self.versions = versions
        self.place = place
        self.stream = stream
    }
    /// The aggregate's version after the command.
    public var version: Int { versions.upperBound - 1 }
}

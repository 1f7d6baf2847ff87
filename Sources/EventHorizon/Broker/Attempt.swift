/// How often a message has been worked alone, because owners of its partition died with it in hand.
public struct Attempt: Sendable, Equatable {
    /// The message's; the group's progress itself where it is not known which of those after it the owner had in hand.
    public var position: Position
    /// 1 for the first.
    public var number: Int
    public init(position: Position, number: Int) {
        self.position = position
        self.number = number
    }

    /// Whether progress that moves there says that the owner outlived it.
    public func isOver(when progress: Position, movesTo next: Position) -> Bool { next > progress && next >= position }
}

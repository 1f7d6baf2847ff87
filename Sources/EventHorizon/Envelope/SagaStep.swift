/// What a saga did in one commit, so that loading it is one read and newer code never contradicts what older code sent.
public struct SagaStep: Sendable, Equatable {
    /// The saga after the step.
    public var state: Payload
    /// The commands that the step sends, ready to publish, ids derived from the stream and their place in it.
    public var effects: [Envelope]
    /// What `compensate` would send, the newest last.
    public var undo: [Envelope]
    public var isComplete: Bool
    public init(state: Payload, effects: [Envelope] = [], undo: [Envelope] = [], isComplete: Bool = false) {
        self.state = state
        self.effects = effects
        self.undo = undo
        self.isComplete = isComplete
    }
}

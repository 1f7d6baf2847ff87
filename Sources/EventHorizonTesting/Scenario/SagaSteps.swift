public import EventHorizon

/// How far a scenario of a saga has come: its instances by key, and what the last step did.
public struct SagaSteps<S: Saga> {
    var states: [String: S] = [:]
    var effects: [S.Effect] = []
    /// Whose step the last one was.
    var key: String?
    /// By source and aggregate.
    var versions: [String: Int] = [:]
}

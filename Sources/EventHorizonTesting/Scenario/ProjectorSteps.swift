public import EventHorizon

/// How far a scenario of a projector has come: its rows lie in a store of their own.
public struct ProjectorSteps<P: Projector> {
    let projector: P
    let store: P.Store
    /// By source and aggregate.
    var versions: [String: Int] = [:]
}

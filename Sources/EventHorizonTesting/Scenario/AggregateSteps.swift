public import EventHorizon

/// How far a scenario of an aggregate has come.
public struct AggregateSteps<A: Aggregate> {
    var state = A()
    var outcome: Decision<A.Event, A.Rejection>?
}

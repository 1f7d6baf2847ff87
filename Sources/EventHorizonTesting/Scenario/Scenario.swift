/// Given, when, then: for an aggregate, a saga or a projector.
///
///     Scenario(Invitation.self)
///         .given(.created(list: "olympus", name: "Athena", age: 42))
///         .when(.accept)
///         .then(.accepted(list: "olympus"))
///
/// Every message goes through its catalog, as in production: one that does not survive the way is an issue of the test. A scenario is a value: what
/// follows a `given` may be told in several ways.
public struct Scenario<Subject, Steps> {
    var steps: Steps
    init(steps: Steps) { self.steps = steps }
}

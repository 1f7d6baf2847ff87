/// Why a saga cannot handle an input.
enum SagaError: Error, CustomStringConvertible {
    case withoutOrigin, withoutStep, timers
    var description: String {
        switch self {
        case .withoutOrigin: "a command to a saga's stream comes from the saga's router only: send it to an aggregate"
        case .withoutStep: "its last commit holds no step of a saga: something else wrote to the saga's stream"
        case .timers: "timers are not supported yet: remove .schedule and .cancel"
        }
    }
}

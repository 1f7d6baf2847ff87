/// Why a saga cannot handle an input.
enum SagaError: Error, CustomStringConvertible {
    case withoutOrigin, timers
    var description: String {
        switch self {
        case .withoutOrigin: "a command to a saga's stream comes from the saga's router only: send it to an aggregate"
        case .timers: "timers are not supported yet: remove .schedule and .cancel"
        }
    }
}

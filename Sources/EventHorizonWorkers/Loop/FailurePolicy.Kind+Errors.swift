internal import EventHorizon

extension FailurePolicy.Kind {
    /// What kind of failure a handler's error is.
    init(_ error: any Error) {
        switch error {
        case let unreadable as UnreadableMessage:
            if case .unlisted? = unreadable.cause as? PayloadError { self = .unknownType } else { self = .undecodable }
        case SagaError.withoutOrigin: self = .unknownType
        default: self = .failed
        }
    }
}

extension UnreadableMessage {
    /// Whether a newer build wrote the message: no poison, a newer build reads it.
    var isFuture: Bool { (cause as? PayloadError)?.isFuture ?? false }
}

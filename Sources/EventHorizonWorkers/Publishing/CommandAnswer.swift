public import EventHorizon

/// What an aggregate said to a command.
public enum CommandAnswer<Rejection: Error>: Sendable {
    case accepted(Receipt)
    case rejected(Rejection)
}

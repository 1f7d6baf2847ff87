/// What an aggregate said to one command.
enum Decision<Event: Sendable, Rejection: Error>: Sendable {
    case accepted([Event])
    case rejected(Rejection)
}

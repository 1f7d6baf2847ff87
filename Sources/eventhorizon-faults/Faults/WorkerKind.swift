/// The guest list's programs.
enum WorkerKind: String, CaseIterable {
    case commandHandler = "command-handler"
    case projector
    case saga

    var program: String { "guestlist-\(rawValue)" }

    /// The named steps that this kind of worker goes through.
    var steps: [String] {
        switch self {
        case .commandHandler, .saga: ["afterRead", "afterDecide", "afterAppend"]
        case .projector: ["afterRead", "inTransaction", "afterRows"]
        }
    }
}

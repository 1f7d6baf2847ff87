/// The programs that are started, and how many of each.
enum WorkerKind: String, CaseIterable {
    case commandHandler = "guestlist-command-handler"
    case projector = "guestlist-projector"
    case saga = "guestlist-saga"

    func count(_ options: Options) -> Int { options.workers ?? (self == .projector ? 2 : 1) }

    /// Each program with its name among its like.
    static func all(_ options: Options) -> [(kind: WorkerKind, name: String)] {
        allCases.flatMap { kind in
            (1...kind.count(options)).map { (kind, "\(kind.rawValue)-\($0)") }
        }
    }
}

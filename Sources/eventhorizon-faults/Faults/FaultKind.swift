/// What can be asked for by name.
enum FaultKind: String, CaseIterable {
    case kill, stop, server, members, network, answers, duplicates

    /// Needs something between workers and server.
    var needsToxiproxy: Bool { self == .network || self == .answers }

    /// Happens to processes: workers, the server, the way between them.
    var needsProcesses: Bool {
        switch self {
        case .kill, .stop, .server, .network: true
        case .members, .answers, .duplicates: false
        }
    }

    static func names(_ kinds: some Sequence<FaultKind>) -> String { kinds.map(\.rawValue).joined(separator: ",") }
}

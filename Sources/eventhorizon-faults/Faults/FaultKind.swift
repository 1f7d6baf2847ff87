/// What can be asked for by name.
enum FaultKind: String, CaseIterable {
    case kill, stop, server, members
}

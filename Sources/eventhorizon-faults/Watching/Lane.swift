/// One partition in the hands of one group: what may stand still by itself.
struct Lane: Hashable, CustomStringConvertible {
    enum Group: String, CaseIterable {
        case commandHandler = "commands.guestlist.v1.Invitation"
        case saga = "saga.seating"
        case router = "saga.seating.router"
        case invitations = "projector.invitations-v1"
        case guestLists = "projector.guest-lists-v1"

        var kind: WorkerKind {
            switch self {
            case .commandHandler: .commandHandler
            case .saga, .router: .saga
            case .invitations, .guestLists: .projector
            }
        }
    }

    var group: Group
    var partition: Int

    var description: String { "partition \(partition) of \(group.rawValue)" }
}

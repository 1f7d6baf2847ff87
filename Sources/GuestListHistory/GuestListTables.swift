/// The guest list's read models, as read from their tables or made of the log.
public struct GuestListTables: Sendable, Equatable {
    public struct Invitation: Sendable, Equatable {
        public var list: String
        public var name: String
        public var age: Int?
        public var status: String
        public init(list: String, name: String, age: Int?, status: String) {
            self.list = list
            self.name = name
            self.age = age
            self.status = status
        }
    }

    public struct List: Sendable, Equatable {
        public var invited = 0
        public var accepted = 0
        public var declined = 0
        public var confirmed = 0
        public var denied = 0
        public init(invited: Int = 0, accepted: Int = 0, declined: Int = 0, confirmed: Int = 0, denied: Int = 0) {
            self.invited = invited
            self.accepted = accepted
            self.declined = declined
            self.confirmed = confirmed
            self.denied = denied
        }
    }

    /// By id.
    public var invitations: [String: Invitation] = [:]
    /// By name.
    public var lists: [String: List] = [:]
    public init(invitations: [String: Invitation] = [:], lists: [String: List] = [:]) {
        self.invitations = invitations
        self.lists = lists
    }
}

/// A projector's rows in a store: its name and version.
public struct ProjectionID: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let version: Int
    public init(name: String, version: Int) {
        self.name = name
        self.version = version
    }
    public init<P: Projector>(_: P.Type) { self.init(name: P.name, version: P.version) }
    /// `invitations-v1`
    public var description: String { "\(name)-v\(version)" }
}

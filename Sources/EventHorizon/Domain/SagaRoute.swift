/// Which saga an event concerns, by its key.
public struct SagaRoute: Sendable, Hashable {
    package enum Kind: Sendable { case start, resume, startOrResume, ignore }
    package let kind: Kind
    package let key: String

    public static func start(_ key: String) -> Self { Self(kind: .start, key: key) }
    public static func start<Of>(_ id: AggregateID<Of>) -> Self { start(id.description) }
    public static func resume(_ key: String) -> Self { Self(kind: .resume, key: key) }
    public static func resume<Of>(_ id: AggregateID<Of>) -> Self { resume(id.description) }
    public static func startOrResume(_ key: String) -> Self { Self(kind: .startOrResume, key: key) }
    public static func startOrResume<Of>(_ id: AggregateID<Of>) -> Self { startOrResume(id.description) }
    public static var ignore: Self { Self(kind: .ignore, key: "") }
}
